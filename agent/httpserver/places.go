package httpserver

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
)

// place is one connection, and what it is worth.
type place struct {
	net.Conn
	of      *places
	address string // whose it is; empty: of many, such as a proxy's
	order   uint64 // of arrival; with a token, of the last time it fell idle
	trusted bool   // a token was shown
	busy    bool   // a request is being answered
	gone    bool
	close   sync.Once
}

// Close gives the place back.
func (p *place) Close() (err error) {
	p.close.Do(func() {
		err = p.Conn.Close()
		p.of.leave(p)
	})
	return err
}

// placeOf finds the place of a connection that net/http has.
func placeOf(c net.Conn) *place {
	switch c := c.(type) {
	case *place:
		return c
	case *conn:
		return c.place
	case secureConn:
		return c.place
	case *tls.Conn:
		p, _ := c.NetConn().(*place)
		return p
	}
	return nil
}

// places are all connections of a listener. When they are full the least worthy one goes, so that there is always a
// place for who comes: a stranger first, of the address that has most of them, the oldest; then who has a token but is
// idle. Who is being answered stays.
type places struct {
	most, perAddress int
	proxies          Proxies
	ended            func()

	mu        sync.Mutex
	all       map[*place]struct{}
	strangers map[string]int // of each address
	clock     uint64
	closing   bool
}

// take gives a connection a place; nil: it was closed, since everybody else is being answered.
func (s *places) take(c net.Conn) *place {
	p := &place{Conn: c, of: s, address: s.owner(c.RemoteAddr())}
	s.mu.Lock()
	var out *place
	refused := s.closing
	switch {
	case refused:
	case p.address != "" && s.strangers[p.address] >= s.perAddress:
		out = s.worst(p.address)
	case len(s.all) >= s.most:
		out = s.worst("")
		refused = out == nil
	}
	if out != nil {
		s.remove(out)
	}
	if !refused {
		s.clock++
		p.order = s.clock
		s.all[p] = struct{}{}
		s.strangers[p.address]++
	}
	s.mu.Unlock()
	if refused {
		_ = c.Close()
		return nil
	}
	s.end(out)
	return p
}

// makeRoom ends the least worthy connection, if there is one.
func (s *places) makeRoom() bool {
	s.mu.Lock()
	out := s.worst("")
	if out != nil {
		s.remove(out)
	}
	s.mu.Unlock()
	s.end(out)
	return out != nil
}

func (s *places) end(p *place) {
	if p != nil {
		_ = p.Close()
		s.tell()
	}
}

func (s *places) tell() {
	if s.ended != nil {
		s.ended()
	}
}

// worst returns who goes first, of one address or of all; nil: nobody.
func (s *places) worst(address string) (worst *place) {
	for p := range s.all {
		if address != "" && (p.address != address || p.trusted) || p.trusted && p.busy {
			continue
		}
		if worst == nil || s.less(p, worst) {
			worst = p
		}
	}
	return worst
}

// less tells whether a goes before b.
func (s *places) less(a, b *place) bool {
	if a.trusted != b.trusted {
		return b.trusted
	}
	if !a.trusted {
		if x, y := s.crowd(a), s.crowd(b); x != y {
			return x > y
		}
	}
	return a.order < b.order
}

// crowd counts the strangers of a place's address. Those that share an address for good reason count alone.
func (s *places) crowd(p *place) int {
	if p.address == "" {
		return 1
	}
	return s.strangers[p.address]
}

// remove takes a place out of the count.
func (s *places) remove(p *place) {
	if p.gone {
		return
	}
	p.gone = true
	delete(s.all, p)
	s.forget(p)
}

// forget takes a stranger out of the count of its address.
func (s *places) forget(p *place) {
	if p.trusted {
		return
	}
	if s.strangers[p.address]--; s.strangers[p.address] <= 0 {
		delete(s.strangers, p.address)
	}
}

func (s *places) leave(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p)
}

func (s *places) busy(p *place, busy, trust bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.busy = busy; !busy && p.trusted { // a stranger grows no younger by asking
		s.clock++
		p.order = s.clock
	}
	if trust {
		s.believe(p)
	}
}

func (s *places) trust(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.believe(p)
}

func (s *places) isTrusted(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.trusted
}

func (s *places) believe(p *place) {
	if p.trusted || p.gone {
		return
	}
	s.forget(p)
	p.trusted = true
}

func (s *places) count() (trusted, strangers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.strangers {
		strangers += n
	}
	return len(s.all) - strangers, strangers
}

func (s *places) closeAll() {
	s.mu.Lock()
	s.closing = true
	list := make([]*place, 0, len(s.all))
	for p := range s.all {
		list = append(list, p)
	}
	s.mu.Unlock()
	for _, p := range list {
		_ = p.Close()
	}
}

// owner names whose a connection is: its address, of IPv6 the network that one customer gets.
func (s *places) owner(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "" // a local socket
	}
	if ip := at.Addr().Unmap(); !ip.IsLoopback() && !s.proxies.Contains(ip) {
		return Owner(ip)
	}
	return ""
}
