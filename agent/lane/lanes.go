package lane

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
)

// Lanes are those of one configuration.
type Lanes struct {
	preparer *prepare.Preparer
	journal  *journal.Journal
	byName   map[string]*Lane

	*Admissions
}

// New makes lanes that are given what p prepares.
func New(p *prepare.Preparer) *Lanes {
	return &Lanes{preparer: p, journal: p.Journal, byName: map[string]*Lane{}, Admissions: NewAdmissions()}
}

// Add makes the lane of one more target, before anything runs.
func (s *Lanes) Add(o Options) {
	l := newLane(o)
	l.prepare = func(ctx context.Context, page []journal.Stored) ([]*parcel, error) {
		return s.stored(ctx, l.Name, page)
	}
	s.byName[l.Name], s.preparer.Targets[l.Name] = l, &l.Target
}

// Get returns the lane of a target; nil: there is none.
func (s *Lanes) Get(target string) *Lane { return s.byName[target] }

// All are the lanes by the names of their targets.
func (s *Lanes) All() iter.Seq2[string, *Lane] { return maps.All(s.byName) }

// Names are those of all targets, sorted.
func (s *Lanes) Names() []string { return slices.Sorted(maps.Keys(s.byName)) }

// Read reads what the lanes must know before they start: which are paused, and which order keys are stopped.
func (s *Lanes) Read(ctx context.Context) error {
	for _, l := range s.byName {
		err := l.stopKeys(ctx, func(d *journal.Stored) (string, bool) { return s.preparer.Order(ctx, d, l.Name) })
		if err != nil {
			return err
		}
	}
	return s.ReadPaused(ctx)
}

// ReadPaused tells the lanes which of them are paused.
func (s *Lanes) ReadPaused(ctx context.Context) error {
	paused, err := delivering.Of(s.journal).Paused(ctx)
	if err != nil {
		return err
	}
	for name, l := range s.byName {
		why, is := paused[name]
		l.Pause(why, is)
	}
	return nil
}

// Start runs all lanes.
func (s *Lanes) Start(g *loop.Group) {
	for _, l := range s.byName {
		l.Start(g)
	}
}

// Again has the lanes of targets, or without any named all of them, read the journal from its beginning.
func (s *Lanes) Again(targets ...string) {
	if len(targets) == 0 {
		targets = s.Names()
	}
	for _, t := range targets {
		if l := s.byName[t]; l != nil {
			l.Again()
		}
	}
}

// Forward maps accepted forms for all their targets and hands them to the lanes.
func (s *Lanes) Forward(ctx context.Context, admitted ...*Admission) {
	defer func() {
		for _, x := range admitted {
			x.Done()
		}
	}()
	forms := slices.DeleteFunc(join(admitted), s.willBeRead)
	if len(forms) == 0 {
		return
	}
	if err := s.preparer.Number(ctx, forms...); err != nil {
		s.Again()
		return
	}
	made := make([]prepare.Made, len(forms))
	loop.Parallel(len(forms), func(i int) { made[i] = s.preparer.Map(forms[i], "") })
	byTarget, err := s.record(ctx, made)
	if err != nil { // what could not be journaled is mapped again by the lanes
		s.Again()
		return
	}
	s.inTurn(ctx, admitted, byTarget)
}

// inTurn gives parcels to the lanes; those with an order key when nothing older is on its way there. When ctx ends, the rest is
// in the journal.
func (s *Lanes) inTurn(ctx context.Context, admitted []*Admission, byTarget map[string][]*parcel) {
	keyed := false
	for _, parcels := range byTarget {
		keyed = keyed || slices.ContainsFunc(parcels, func(p *parcel) bool { return p.Delivery.Order != "" })
	}
	for len(admitted) > 0 {
		n := len(admitted)
		if keyed {
			if !admitted[0].wait(ctx) {
				return
			}
			for n = 1; n < len(admitted); n++ {
				if next, _ := admitted[n].isNext(); !next {
					break
				}
			}
		}
		last := admitted[n-1].last
		for target, parcels := range byTarget {
			i := slices.IndexFunc(parcels, func(p *parcel) bool { return p.ID > last })
			if i < 0 {
				i = len(parcels)
			}
			s.byName[target].give(ctx, parcels[:i])
			byTarget[target] = parcels[i:]
		}
		for _, x := range admitted[:n] {
			x.Done()
		}
		admitted = admitted[n:]
	}
}

// willBeRead tells whether a form need not be mapped now: all its lanes are behind, and soon map it themselves.
func (s *Lanes) willBeRead(f *prepare.Form) bool {
	targets := f.Plan.Targets()
	return len(targets) > 0 && !slices.ContainsFunc(targets, func(t string) bool { l := s.byName[t]; return l == nil || !l.willRead() })
}

// stored maps a page of the journal for one lane. With an error some of the page must be read again.
func (s *Lanes) stored(ctx context.Context, target string, page []journal.Stored) ([]*parcel, error) {
	if len(page) == 0 {
		return nil, nil
	}
	made, later := s.preparer.Stored(ctx, page, target)
	byTarget, err := s.record(ctx, made)
	return byTarget[target], errors.Join(later, err)
}

// record journals what mapping led to beside parcels, and sorts the parcels by target. With an error
// some of it is not journaled, and must be mapped again.
func (s *Lanes) record(ctx context.Context, made []prepare.Made) (map[string][]*parcel, error) {
	byTarget := map[string][]*parcel{}
	for i := range made {
		m := &made[i]
		if m.Refused() {
			continue
		}
		for c := range m.Waiting() { // before the journal says so: from then on it may go at any time
			if l := s.byName[c.Target]; l != nil {
				l.stops(*c.Order, c.ID)
			}
		}
		for _, p := range m.Parcels {
			byTarget[p.Target] = append(byTarget[p.Target], &parcel{Parcel: p})
		}
	}
	ended, err := s.preparer.Record(ctx, made)
	s.Turned(ended)
	return byTarget, err
}

// Turned tells the lanes what commits of the journal turned.
func (s *Lanes) Turned(turns []journal.Turn) {
	for _, t := range turns {
		switch l := s.byName[t.Target]; {
		case l == nil:
		case t.Ended:
			l.Drop(t.ID)
		default:
			l.Due(t.ID)
		}
	}
}

// Bar keeps the deliveries of a submission from beginning until unbar. What is under way is waited for, within a limit;
// the targets are returned to which it still is.
func (s *Lanes) Bar(ctx context.Context, id journal.ID, within <-chan time.Time) (underWay []string, unbar func()) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-within:
			cancel()
		case <-waiting.Done():
		}
	}()
	for _, name := range s.Names() {
		// Of sealed batches the journal knows the members.
		if l := s.byName[name]; l.bar(id) && l.batches == nil && !l.landed(waiting, id) {
			underWay = append(underWay, name)
		}
	}
	return underWay, func() {
		for _, l := range s.byName {
			l.unbar(id)
		}
	}
}
