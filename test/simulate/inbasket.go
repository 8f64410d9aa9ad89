package simulate

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// box is an in-basket: a folder of forms with a done folder and an error folder.
type box struct {
	w     *world
	items []*item
	wake  chan struct{}
}

type item struct {
	form    *form
	name    string // the transport's
	at      time.Time
	verdict connectors.Verdict // of the settled; Released: it still lies there
	id      string
	settled time.Time
	again   bool // offered again after a restore
}

// put lays a form there. The world's lock is held.
func (b *box) put(f *form, name string) {
	b.items = append(b.items, &item{form: f, name: name, at: b.w.clock.Now()})
	b.stir()
}

// stir wakes whoever waits for forms. The world's lock is held.
func (b *box) stir() {
	close(b.wake)
	b.wake = make(chan struct{})
}

// boxSource is one agent's view of it.
type boxSource struct {
	part
	box  *box
	out  map[int]bool // handed out and not settled
	done chan struct{}
	over bool
}

func newBoxSource(p part, b *box) *boxSource {
	return &boxSource{part: p, box: b, out: map[int]bool{}, done: make(chan struct{})}
}

// Next returns forms that lie there.
func (s *boxSource) Next(ctx context.Context, most int) ([]connectors.Submission, error) {
	for {
		var list []connectors.Submission
		var wake chan struct{}
		err := s.call(ctx, "next", func() error {
			wake = s.box.wake
			portion := 1 + s.draws.below(8)
			for i, it := range s.box.items {
				if it.verdict != connectors.Released && !it.again || s.out[i] || len(list) == min(most, portion) {
					continue
				}
				s.out[i] = true
				if s.w.breaks(loseForm) && s.w.once() {
					it.verdict = connectors.Taken
					continue
				}
				list = append(list, connectors.Submission{Handle: fmt.Sprint(i), Transport: it.name, ContentType: "application/json", Form: it.form.bytes, At: it.at})
			}
			return nil
		}, refuse, broken, cutBefore, hang, dieBefore, dieAfter, collapse)
		if err != nil || len(list) > 0 {
			return list, err
		}
		select {
		case <-wake:
		case <-s.w.clock.After(30 * time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.done:
			return nil, errBusy
		}
	}
}

// Settle moves forms to the done or the error folder.
func (s *boxSource) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	return s.call(ctx, "settle", func() error {
		for _, r := range receipts {
			var i int
			if _, err := fmt.Sscan(r.Handle, &i); err != nil {
				return err
			}
			it := s.box.items[i]
			delete(s.out, i)
			if r.Verdict == connectors.Released {
				continue
			}
			s.w.say("in-basket: %s is %s as %s", it.name, r.Verdict, r.ID)
			it.verdict, it.id, it.settled, it.again = r.Verdict, r.ID, s.w.clock.Now(), false
		}
		return nil
	}, refuse, broken, cutBefore, cutAfter, hang, hangAfter, dieBefore, dieAfter, collapse)
}

// Close ends Next.
func (s *boxSource) Close() error {
	if !s.over {
		s.over = true
		close(s.done)
	}
	return nil
}

// Settled counts what lies in the done folder since a time.
func (s *boxSource) Settled(ctx context.Context, since time.Time) (n int, err error) {
	err = s.call(ctx, "settled", func() error {
		for _, it := range s.box.items {
			if !it.settled.Before(since) && it.verdict != connectors.Refused {
				n++
			}
		}
		return nil
	}, refuse, cutBefore)
	return n, err
}

// Reoffer offers that again.
func (s *boxSource) Reoffer(ctx context.Context, since time.Time, tell func([]string) error) (n int, err error) {
	var names []string
	err = s.call(ctx, "reoffer", func() error {
		for _, it := range s.box.items {
			if !it.settled.Before(since) && !it.settled.IsZero() && it.verdict != connectors.Refused {
				names = append(names, it.name)
			}
		}
		return nil
	}, refuse, cutBefore)
	if err == nil && len(names) > 0 {
		err = tell(names)
	}
	if err != nil {
		return 0, err
	}
	return len(names), s.call(ctx, "offer again", func() error {
		for _, it := range s.box.items {
			if !it.settled.Before(since) && !it.settled.IsZero() && it.verdict != connectors.Refused {
				it.again = true
			}
		}
		s.box.stir()
		return nil
	}, refuse, cutBefore, cutAfter, dieAfter)
}
