package config

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
)

// Matches tells whether a form of this name in the in-basket goes by the route.
func (r Route) Matches(name string) bool {
	if r.Match == "" {
		return true
	}
	for _, pattern := range strings.Split(r.Match, "|") {
		if ok, err := path.Match(strings.TrimSpace(pattern), name); err == nil && ok {
			return true
		}
	}
	return false
}

// covers tells whether a route surely takes every name that another one would.
func (r Route) covers(o Route) bool {
	if r.Match == "" || o.Match == "" {
		return r.Match == ""
	}
	for _, pattern := range strings.Split(o.Match, "|") {
		if !slices.ContainsFunc(strings.Split(r.Match, "|"), func(mine string) bool { return wider(strings.TrimSpace(mine), strings.TrimSpace(pattern)) }) {
			return false
		}
	}
	return true
}

// wider tells whether a pattern surely fits every name that another one fits. What a class of characters or an escape takes is not looked into.
func wider(wide, narrow string) bool {
	if wide == narrow {
		return true
	}
	narrow = class.ReplaceAllString(narrow, "?")
	if strings.ContainsAny(wide, `[\`) || strings.Contains(narrow, `\`) {
		return false
	}
	for _, sample := range []string{"", "\x01", "\x01.\x02"} { // what stands in the place of its wildcards
		name := strings.NewReplacer("*", sample, "?", "\x03").Replace(narrow)
		if ok, err := path.Match(wide, name); err != nil || !ok {
			return false
		}
	}
	return true
}

var class = regexp.MustCompile(`\[[^\]\\]+\]`)

// RouteFor returns the route of a form in an in-basket: the first one whose names match.
func (c *Config) RouteFor(inbasket, name string) (Route, bool) {
	for _, r := range c.Routes {
		if slices.Contains(r.From, inbasket) && r.Matches(name) {
			return r, true
		}
	}
	return Route{}, false
}

// RoutesOf returns the routes that a front office may post to, in the file's order.
func (c *Config) RoutesOf(office string) []Route {
	var out []Route
	for _, r := range c.Routes {
		if r.FrontOffice == office && office != "" {
			out = append(out, r)
		}
	}
	return out
}

func (l *loader) routes(doc document) {
	used := map[string]bool{}
	for _, e := range doc.Routes {
		r := Route{Name: e.Key, From: e.Value.From, Mapping: l.c.Abs(e.Value.Mapping), FrontOffice: e.Value.FrontOffice,
			Match: e.Value.Match, DecideWithin: e.Value.DecideWithin, Keep: e.Value.Keep}
		l.route(r, doc)
		for i, from := range r.From {
			used[from] = true
			for _, before := range l.c.Routes {
				if slices.Contains(before.From, from) && before.covers(r) {
					l.refuse(true, CodeRoute, fmt.Sprintf("the route %q takes every form of %q that this one would: the first one whose match fits is taken", before.Name, from),
						"put this route before it, or give that one a narrower match", "routes", r.Name, "from", i)
					break
				}
			}
		}
		l.c.Routes = append(l.c.Routes, r)
	}
	for _, e := range doc.Inbaskets {
		l.refuseKey(!used[e.Key], CodeRoute, fmt.Sprintf("no route takes forms from %q", e.Key), "add a route with from: "+e.Key+", or remove the in-basket", "inbaskets", e.Key)
	}
}

func (l *loader) route(r Route, doc document) {
	refuse := func(is bool, code, message, suggestion string, path ...any) {
		l.refuse(is, code, message, suggestion, append([]any{"routes", r.Name}, path...)...)
	}
	for i, from := range r.From {
		_, ok := doc.Inbaskets.Get(from)
		refuse(!ok, CodeUnknownName, fmt.Sprintf("there is no in-basket %q", from), diag.DidYouMean(from, doc.Inbaskets.Keys()), "from", i)
	}
	_, known := doc.FrontOffices.Get(r.FrontOffice)
	posted := len(r.From) == 0
	refuse(r.FrontOffice != "" && !known, CodeUnknownName, fmt.Sprintf("there is no front office %q", r.FrontOffice), diag.DidYouMean(r.FrontOffice, doc.FrontOffices.Keys()), "front-office")
	refuse(posted && r.FrontOffice == "", CodeRoute, "no form can come in by this route", "give it from, or a front office that posts", "mapping")
	refuse(posted && r.FrontOffice != "" && doc.Listen == nil, CodeRoute, "front offices cannot post: listen is not configured", "add listen, or give the route from", "front-office")
	for _, pattern := range strings.Split(r.Match, "|") {
		_, err := path.Match(strings.TrimSpace(pattern), "x")
		refuse(err != nil, CodeInvalid, fmt.Sprintf("%q is not a pattern of names", pattern), "write one such as dog-*.xml", "match")
	}
	refuse(posted && r.Match != "", CodeRoute, "match is for routes with from", "remove it", "match")
}

func (l *loader) listen(x *Listen) {
	c := l.c
	c.Listen = x
	if x.TLS != nil {
		x.TLS.Cert, x.TLS.Key = c.Abs(x.TLS.Cert), c.Abs(x.TLS.Key)
	}
	l.refuse(x.MaxBody <= 0, CodeInvalid, "max-body must be more than 0", "", "listen", "max-body")
	l.refuse(x.MaxForm <= 0 || x.MaxForm > mostForm, CodeInvalid, "max-form must be more than 0 and at most 256MiB: a form is read whole", "", "listen", "max-form")
	l.refuse(x.Connections < 16, CodeInvalid, "connections must be 16 or more", "", "listen", "connections")
	l.refuse(x.PerAddress < 0, CodeInvalid, "connections-per-address must not be negative", "", "listen", "connections-per-address")
	for i, s := range x.Proxies {
		_, network := netip.ParsePrefix(s)
		a, err := netip.ParseAddr(s)
		l.refuse(network != nil && (err != nil || a.Zone() != ""), CodeAddress, fmt.Sprintf("%q is neither an address nor a network", s), "write one such as 10.0.0.5 or 10.1.0.0/16", "listen", "proxies", i)
	}
	if x.Address == "" { // missing is a problem already
		return
	}
	// Port 0 takes a free one each.
	l.refuse(x.Address == c.Monitor && !strings.HasSuffix(x.Address, ":0"), CodeAddress, "listen and monitor have the same address", "front offices must not read metrics; give monitor another port", "listen", "address")
	loopback, ok := l.address(x.Address, "listen", "address")
	l.refuse(ok && !loopback && x.TLS == nil, CodeAddress, "without tls only this machine may connect: tokens and forms would travel in clear", "add tls, or listen on 127.0.0.1 behind a proxy that has it", "listen", "address")
}

// address checks host:port and tells whether only this machine can connect.
func (l *loader) address(address string, path ...any) (loopback, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	l.refuse(err != nil, CodeAddress, fmt.Sprintf("%q is not an address", address), "write host:port, such as 127.0.0.1:8470", path...)
	ip, noIP := netip.ParseAddr(host)
	return host == "localhost" || noIP == nil && ip.IsLoopback(), err == nil
}
