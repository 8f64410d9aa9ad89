package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// addressError says that a connection was refused for where it leads.
type addressError struct{ addr string }

func (e *addressError) Error() string { return "address " + e.addr + " is not public" }

// newTransport returns a transport that follows no environment variables, keeps one idle connection and
// refuses special addresses after the name was resolved, so that a name cannot lead inside later.
func newTransport(env connectors.Env, c Config) (*http.Transport, error) {
	d := &net.Dialer{Timeout: c.Timeout, KeepAlive: 30 * time.Second}
	// With a proxy the only address dialled is the proxy's, which the operator has named himself.
	if !c.AllowPrivate && c.Proxy == "" {
		d.Control = refusePrivate
	}
	conf, err := tlsConfig(env, c)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        conf,
		TLSHandshakeTimeout:    c.Timeout,
		ResponseHeaderTimeout:  c.Timeout,
		MaxResponseHeaderBytes: 32 << 10,
		MaxIdleConns:           1,
		MaxConnsPerHost:        2,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
	if c.Proxy != "" {
		u, err := url.Parse(c.Proxy)
		if err != nil {
			return nil, errors.New("proxy address is wrong")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return t, nil
}

func tlsConfig(env connectors.Env, c Config) (*tls.Config, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	conf, err := c.files().Load(env, roots)
	if err == nil {
		env.WatchTLS(conf)
	}
	return conf, err
}

// refusePrivate is called with the resolved address right before each connect.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !public(ap.Addr()) {
		return &addressError{addr: address}
	}
	return nil
}

// public reports whether an address is one of the open Internet. What wraps an IPv4 address in an IPv6
// one is refused as a whole, since the wrapped one may be private.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// special returns the ranges of the IANA special-purpose registries that net/netip does not know.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
		netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation
		netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
		netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"), // documentation
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved
		netip.MustParsePrefix("::/96"),           // IPv4-compatible
		netip.MustParsePrefix("64:ff9b::/96"),    // NAT64
		netip.MustParsePrefix("64:ff9b:1::/48"),  // local NAT64
		netip.MustParsePrefix("100::/64"),        // discard
		netip.MustParsePrefix("2001::/23"),       // Teredo and other protocol assignments
		netip.MustParsePrefix("2001:db8::/32"),   // documentation
		netip.MustParsePrefix("2002::/16"),       // 6to4
		netip.MustParsePrefix("3fff::/20"),       // documentation
		netip.MustParsePrefix("5f00::/16"),       // segment routing
		netip.MustParsePrefix("fec0::/10"),       // site-local
	}
}

// isTLS reports whether err says that the other side's certificate or protocol is not acceptable.
func isTLS(err error) bool {
	var (
		verify *tls.CertificateVerificationError
		header tls.RecordHeaderError
		alert  tls.AlertError
		host   x509.HostnameError
		auth   x509.UnknownAuthorityError
		cert   x509.CertificateInvalidError
	)
	return errors.As(err, &verify) || errors.As(err, &header) || errors.As(err, &alert) ||
		errors.As(err, &host) || errors.As(err, &auth) || errors.As(err, &cert)
}
