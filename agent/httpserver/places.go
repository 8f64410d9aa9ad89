package httpserver

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
)

// place is one connection, and what it is worth.
type place struct {
	net.Conn
	of      *places
	address string        // whose it is; empty: of many, such as a proxy's
	order   uint64        // of arrival
	at      *list.Element // among strangers of its address, or among the idle; nil: it is being answered and has shown a token, or is gone
	trusted bool          // a token was shown
	busy    bool          // a request is being answered
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
	strangers map[string]*list.List // of each address, the oldest first
	idle      list.List             // with a token, the longest idle first
	arrived   uint64
	closing   bool
}

func newPlaces(o Options) *places {
	return &places{most: o.Connections, perAddress: o.PerAddress, proxies: o.Proxies, ended: o.Ended,
		all: map[*place]struct{}{}, strangers: map[string]*list.List{}}
}

// take gives a connection a place; nil: it was closed, since everybody else is being answered.
func (s *places) take(c net.Conn) *place {
	p := &place{Conn: c, of: s, address: s.owner(c.RemoteAddr())}
	s.mu.Lock()
	var out *place
	refused := s.closing
	switch {
	case refused:
	case p.address != "" && s.crowd(p.address) >= s.perAddress:
		out = first(s.strangers[p.address])
	case len(s.all) >= s.most:
		out = s.worst()
		refused = out == nil
	}
	if out != nil {
		s.remove(out)
	}
	if !refused {
		s.arrived++
		p.order = s.arrived
		s.all[p] = struct{}{}
		if s.strangers[p.address] == nil {
			s.strangers[p.address] = list.New()
		}
		p.at = s.strangers[p.address].PushBack(p)
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
	out := s.worst()
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

// worst returns who goes first; nil: nobody.
func (s *places) worst() (worst *place) {
	most := 0
	for address, l := range s.strangers {
		n, p := s.crowd(address), first(l)
		if address == "" {
			n = 1 // they share an address for good reason: each counts alone
		}
		if n > most || n == most && p.order < worst.order {
			most, worst = n, p
		}
	}
	if worst == nil {
		worst = first(&s.idle)
	}
	return worst
}

func first(l *list.List) *place {
	if l == nil || l.Front() == nil {
		return nil
	}
	return l.Front().Value.(*place)
}

// crowd counts the strangers of an address.
func (s *places) crowd(address string) int {
	if l := s.strangers[address]; l != nil {
		return l.Len()
	}
	return 0
}

// remove takes a place out of the count.
func (s *places) remove(p *place) {
	if p.gone {
		return
	}
	s.unlist(p)
	p.gone = true
	delete(s.all, p)
}

// unlist takes a place off the list that it is on.
func (s *places) unlist(p *place) {
	if p.at == nil {
		return
	}
	if p.trusted {
		s.idle.Remove(p.at)
	} else if l := s.strangers[p.address]; l.Len() == 1 {
		delete(s.strangers, p.address)
	} else {
		l.Remove(p.at)
	}
	p.at = nil
}

func (s *places) leave(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(p)
}

// busy notes whether a request is being answered, and whether that alone is worth a token. A stranger grows no younger by asking.
func (s *places) busy(p *place, busy, trust bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.busy = busy
	s.place(p, p.trusted || trust)
}

func (s *places) trust(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place(p, true)
}

// place puts a connection with a token on the list where it belongs now.
func (s *places) place(p *place, trusted bool) {
	if p.gone || !trusted {
		return
	}
	s.unlist(p)
	if p.trusted = true; !p.busy {
		p.at = s.idle.PushBack(p)
	}
}

func (s *places) isTrusted(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.trusted
}

func (s *places) count() (trusted, strangers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.strangers {
		strangers += l.Len()
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
