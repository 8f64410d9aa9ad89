package frontoffice

import (
	"net/http"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/httpserver"
)

const (
	firstDelay  = 250 * time.Millisecond // of the answer to a wrong token; twice as long each time
	mostDelay   = 8 * time.Second
	forgiven    = 15 * time.Minute // after the last wrong token
	mostWaiting = 8                // answers of one address that are delayed at once
	mostDelayed = 256              // of all
	mostNamed   = 256              // addresses that are told apart
	tellEvery   = time.Minute      // of one address

	elsewhere = "further addresses"
)

// strangers counts wrong tokens by address, and makes whoever sends them wait. Who has the right one is never slowed,
// whatever others at its address do.
type strangers struct {
	mu      sync.Mutex
	known   map[string]*stranger
	waiting int
	tell    func(address string, n int)
}

type stranger struct {
	wrong   int // in a row, until forgiven
	last    time.Time
	waiting int
	untold  int
	told    time.Time
}

// wrong counts a wrong token, and says how long its answer has to wait; over is called then. ok is false if too many
// answers of this address are being delayed.
func (s *strangers) wrong(address string, now time.Time) (delay time.Duration, over func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.of(address)
	x.wrong++
	x.untold++
	x.last = now
	s.report(address, x, now)
	delay = min(mostDelay, firstDelay<<min(x.wrong-1, 10))
	if x.waiting >= mostWaiting || s.waiting >= mostDelayed {
		return delay, func() {}, false
	}
	x.waiting++
	s.waiting++
	return delay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		x.waiting--
		s.waiting--
	}, true
}

func (s *strangers) of(address string) *stranger {
	x := s.known[address]
	if x == nil && len(s.known) >= mostNamed {
		address = elsewhere
		x = s.known[address]
	}
	if x == nil {
		x = &stranger{}
		if s.known == nil {
			s.known = map[string]*stranger{}
		}
		s.known[address] = x
	}
	return x
}

// report tells of an address at once, and then once a minute.
func (s *strangers) report(address string, x *stranger, now time.Time) {
	if x.untold == 0 || now.Sub(x.told).Abs() < tellEvery {
		return
	}
	if s.tell != nil {
		s.tell(address, x.untold)
	}
	x.untold, x.told = 0, now
}

// sweep tells what was not told for a minute, and forgets who was quiet for long.
func (s *strangers) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, x := range s.known {
		s.report(address, x, now)
		if now.Sub(x.last).Abs() > forgiven && x.waiting == 0 {
			delete(s.known, address)
		}
	}
}

// refuseToken answers a wrong token late, without holding anything that others need: no slot is taken, and the connection
// is among the first to go.
func (a *API) refuseToken(r *http.Request, p *Problem) *Problem {
	delay, over, ok := a.strangers.wrong(httpserver.Owner(a.proxies.Client(r)), a.clock.Now())
	defer over()
	if !ok {
		return problem(http.StatusTooManyRequests, CodeToken, "the token is not valid, and too many wrong ones come from this address").Later(delay)
	}
	select {
	case <-a.clock.After(delay):
	case <-r.Context().Done():
	case <-a.stopping:
	}
	return p
}
