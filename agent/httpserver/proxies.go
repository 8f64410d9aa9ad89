package httpserver

import (
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are addresses of reverse proxies: many clients come from each.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as 10.0.0.5 and 10.1.0.0/16.
func ParseProxies(list []string) (p Proxies, wrong string) {
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			p = append(p, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, s
		}
		p = append(p, n.Masked())
	}
	return p, ""
}

// Contains tells whether an address is one of them.
func (p Proxies) Contains(a netip.Addr) bool {
	for _, n := range p {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Client returns the address that a request came from. X-Forwarded-For is believed only of a proxy that is named, and
// of it only what that proxy itself has added: the last entry that is no proxy.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := at.Addr().Unmap().WithZone("")
	if !p.Contains(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if client = a; !p.Contains(a) {
			break
		}
	}
	return client
}

// parseHop reads one entry; some proxies add the port.
func parseHop(s string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err
}

// Owner names who is counted for an address: the address, of IPv6 the network that one customer gets.
func Owner(a netip.Addr) string {
	if a.Is4() || !a.IsValid() {
		return a.String()
	}
	n, _ := a.Prefix(64) // fits every IPv6 address
	return n.String()
}
