package drop

import (
	"context"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

// standing are the temporary files of which this process knows that no rename of ours has taken them away: they were put
// there or seen there, and since then no rename was asked for, or the place has refused it. One that is gone all the
// same was not taken by the legacy system.
type standing struct {
	mu    sync.Mutex
	temps map[string]struct{}
}

func (s *standing) add(p piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.temps == nil {
		s.temps = map[string]struct{}{}
	}
	s.temps[p.temp] = struct{}{}
}

func (s *standing) remove(pieces ...piece) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pieces {
		delete(s.temps, p.temp)
	}
}

// all tells whether this is known of all pieces; of those without one that others may write into, nothing is.
func (s *standing) all(pieces ...piece) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pieces {
		if _, ok := s.temps[p.temp]; !ok || !p.owned {
			return false
		}
	}
	return len(pieces) > 0
}

// rename asks for the final name. What was refused stands as before, unless something lies under the final name after all.
func (d *Drop) rename(ctx context.Context, p piece) error {
	d.standing.remove(p)
	err := d.place.Rename(ctx, p.temp, p.Name)
	if err == nil || connectors.ClassOf(err) == connectors.Uncertain {
		return err
	}
	if there, _, e := d.there(ctx, p.Name); e != nil || !there {
		d.standing.add(p)
	}
	return err
}

// outcome tells how an item ended; pieces are all files that it needs.
func (d *Drop) outcome(key string, err error, pieces []piece) connectors.Outcome {
	o := outcomeOf(key, err)
	switch o.Class {
	case connectors.Transient, connectors.TargetError, connectors.ItemError:
		o.Untouched = d.standing.all(pieces...)
	}
	return o
}
