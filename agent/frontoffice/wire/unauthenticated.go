package wire

import (
	"sync"
	"time"
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

// Unauthenticated counts wrong tokens by address, and makes whoever sends them wait. Who has the right one is never slowed,
// whatever others at its address do.
type Unauthenticated struct {
	mu      sync.Mutex
	known   map[string]*client
	waiting int
	Tell    func(address string, n int) // of wrong tokens, at most once a minute; nil: nobody
}

type client struct {
	wrong   int // in a row, until forgiven
	last    time.Time
	waiting int
	untold  int
	told    time.Time
}

// Wrong counts a wrong token, and says how long its answer has to wait; over is called then. ok is false if too many
// answers of this address are being delayed.
func (s *Unauthenticated) Wrong(address string, now time.Time) (delay time.Duration, over func(), ok bool) {
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

func (s *Unauthenticated) of(address string) *client {
	x := s.known[address]
	if x == nil && len(s.known) >= mostNamed {
		address = elsewhere
		x = s.known[address]
	}
	if x == nil {
		x = &client{}
		if s.known == nil {
			s.known = map[string]*client{}
		}
		s.known[address] = x
	}
	return x
}

// report tells of an address at once, and then once a minute.
func (s *Unauthenticated) report(address string, x *client, now time.Time) {
	if x.untold == 0 || now.Sub(x.told).Abs() < tellEvery {
		return
	}
	if s.Tell != nil {
		s.Tell(address, x.untold)
	}
	x.untold, x.told = 0, now
}

// Sweep tells what was not told for a minute, and forgets who was quiet for long.
func (s *Unauthenticated) Sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, x := range s.known {
		s.report(address, x, now)
		if now.Sub(x.last).Abs() > forgiven && x.waiting == 0 {
			delete(s.known, address)
		}
	}
}
