package config

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

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
	whole := map[string]string{} // in-basket to the route that takes all of its forms
	for _, e := range doc.Routes {
		r := Route{Name: e.Key, From: e.Value.From, Mapping: l.c.Abs(e.Value.Mapping), FrontOffice: e.Value.FrontOffice,
			Match: e.Value.Match, DecideWithin: e.Value.DecideWithin, Keep: e.Value.Keep}
		l.route(r, doc)
		for i, from := range r.From {
			used[from] = true
			if other, hidden := whole[from]; hidden {
				l.add(l.c.Problem(CodeRoute, fmt.Sprintf("the route %q takes every form of %q already", other, from), "give that route a match, or put it last", "routes", r.Name, "from", i))
			}
			if r.Match == "" {
				whole[from] = r.Name
			}
		}
		l.c.Routes = append(l.c.Routes, r)
	}
	for _, e := range doc.Inbaskets {
		if !used[e.Key] {
			l.add(l.c.file.KeyProblem(CodeRoute, fmt.Sprintf("no route takes forms from %q", e.Key), "add a route with from: "+e.Key+", or remove the in-basket", "inbaskets", e.Key))
		}
	}
}

func (l *loader) route(r Route, doc document) {
	at := func(code, message, suggestion string, path ...any) {
		l.add(l.c.Problem(code, message, suggestion, append([]any{"routes", r.Name}, path...)...))
	}
	for i, from := range r.From {
		if _, ok := doc.Inbaskets.Get(from); !ok {
			at(CodeUnknownName, fmt.Sprintf("there is no in-basket %q", from), diag.DidYouMean(from, doc.Inbaskets.Keys()), "from", i)
		}
	}
	if _, ok := doc.FrontOffices.Get(r.FrontOffice); !ok && r.FrontOffice != "" {
		at(CodeUnknownName, fmt.Sprintf("there is no front office %q", r.FrontOffice), diag.DidYouMean(r.FrontOffice, doc.FrontOffices.Keys()), "front-office")
	}
	switch {
	case len(r.From) == 0 && r.FrontOffice == "":
		at(CodeRoute, "no form can come in by this route", "give it from, or a front office that posts", "mapping")
	case len(r.From) == 0 && doc.Listen == nil:
		at(CodeRoute, "front offices cannot post: listen is not configured", "add listen, or give the route from", "front-office")
	}
	for _, pattern := range strings.Split(r.Match, "|") {
		if _, err := path.Match(strings.TrimSpace(pattern), "x"); err != nil {
			at(CodeInvalid, fmt.Sprintf("%q is not a pattern of names", pattern), "write one such as dog-*.xml", "match")
		}
	}
	if r.Match != "" && len(r.From) == 0 {
		at(CodeRoute, "match is for routes with from", "remove it", "match")
	}
}

func (l *loader) listen(x *Listen) {
	c := l.c
	c.Listen = x
	if x.TLS != nil {
		x.TLS.Cert, x.TLS.Key = c.Abs(x.TLS.Cert), c.Abs(x.TLS.Key)
	}
	if x.MaxBody <= 0 {
		l.add(c.Problem(CodeInvalid, "max-body must be more than 0", "", "listen", "max-body"))
	}
	if x.Connections < 16 {
		l.add(c.Problem(CodeInvalid, "connections must be 16 or more", "", "listen", "connections"))
	}
	if x.PerAddress < 0 {
		l.add(c.Problem(CodeInvalid, "connections-per-address must not be negative", "", "listen", "connections-per-address"))
	}
	for i, s := range x.Proxies {
		if _, err := netip.ParsePrefix(s); err == nil {
			continue
		}
		if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
			l.add(c.Problem(CodeAddress, fmt.Sprintf("%q is neither an address nor a network", s), "write one such as 10.0.0.5 or 10.1.0.0/16", "listen", "proxies", i))
		}
	}
	if x.Address == "" { // missing is a problem already
		return
	}
	if x.Address == c.Monitor && !strings.HasSuffix(x.Address, ":0") { // port 0 takes a free one each
		l.add(c.Problem(CodeAddress, "listen and monitor have the same address", "front offices must not read metrics; give monitor another port", "listen", "address"))
	}
	loopback, ok := l.address(x.Address, "listen", "address")
	if ok && !loopback && x.TLS == nil {
		l.add(c.Problem(CodeAddress, "without tls only this machine may connect: tokens and forms would travel in clear", "add tls, or listen on 127.0.0.1 behind a proxy that has it", "listen", "address"))
	}
}

// address checks host:port and tells whether only this machine can connect.
func (l *loader) address(address string, path ...any) (loopback, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		l.add(l.c.Problem(CodeAddress, fmt.Sprintf("%q is not an address", address), "write host:port, such as 127.0.0.1:8470", path...))
		return false, false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback(), true
}

func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	return time.LoadLocation(name)
}
