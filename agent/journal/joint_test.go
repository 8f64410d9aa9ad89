package journal_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// counted counts the commits of a rig from here on.
func (r *rig) counted() (commits *int) {
	r.Helper()
	commits = new(int)
	r.opts.Hooks = journal.Hooks{BeforeCommit: func() error { *commits++; return nil }}
	r.reopen()
	return commits
}

// held stops the writer until it is released, so that calls stand in line.
func (r *rig) held() (release func()) {
	r.Helper()
	hold := make(chan struct{})
	go func() {
		if err := r.Idle(r.ctx(), "hold", func(*engine.Conn) error { <-hold; return nil }); err != nil {
			r.Error(err)
		}
	}()
	synctest.Wait()
	return func() { close(hold) }
}

// Connections that post again as soon as they are answered have one commit together, however their times differ by a little.
func TestWhoComesAgainSharesACommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		clients int
		think   time.Duration // of the slowest; the others think for less
		most    int           // commits
	}{
		"one":                       {clients: 1, think: time.Millisecond, most: 20},
		"sixteen":                   {clients: 16, think: time.Millisecond, most: 21 + 2},
		"more than a group takes":   {clients: 100, think: time.Millisecond, most: 2 * (20 + 2)},
		"who thinks long waits not": {clients: 2, think: time.Second, most: 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				commits := r.counted()
				release := r.held() // no time goes by in a commit here: who is not in line at the first one is never seen to wait
				for client := range c.clients {
					go func() {
						for n := range 20 {
							if _, err := r.Accept(r.ctx(), []journal.Arrival{arrival(fmt.Sprint(client, " ", n), "x")}); err != nil {
								t.Error(err)
							}
							time.Sleep(c.think * time.Duration(client+1) / time.Duration(c.clients))
						}
					}()
				}
				synctest.Wait()
				release()
				time.Sleep(time.Hour)
				synctest.Wait()
				if *commits > c.most {
					t.Errorf("%d commits, at most %d", *commits, c.most)
				}
				r.check()
			})
		})
	}
}

// What several calls bring in one commit is answered as if they had come one after another, and one that fails takes nothing of the
// others with it.
func TestJointCallsAreApart(t *testing.T) {
	t.Parallel()
	plain := arrival("A", "x")
	keyed := func(ref string) journal.Arrival {
		a := arrival(ref, "x")
		a.IdempotencyKey = "key"
		return a
	}
	lost, known := arrival("B", "x"), arrival("C", "x")
	lost.Plan = sha256.Sum256([]byte("never put"))
	known.KnownOnly = true
	taken, repeat, conflict, none := connectors.Taken, connectors.Repeat, connectors.Conflict, connectors.Verdict(0)
	for name, c := range map[string]struct {
		arrivals []journal.Arrival
		want     []connectors.Verdict
		fails    int // index of the call that does; -1: none
	}{
		"different forms":               {[]journal.Arrival{plain, arrival("D", "x"), arrival("E", "y")}, []connectors.Verdict{taken, taken, taken}, -1},
		"the same form":                 {[]journal.Arrival{plain, plain}, []connectors.Verdict{taken, repeat}, -1},
		"other content":                 {[]journal.Arrival{plain, other(plain)}, []connectors.Verdict{taken, conflict}, -1},
		"the same key":                  {[]journal.Arrival{keyed("F"), keyed("F")}, []connectors.Verdict{taken, repeat}, -1},
		"the same key with other forms": {[]journal.Arrival{keyed("F"), keyed("G")}, []connectors.Verdict{taken, conflict}, -1},
		"the same key with a conflict":  {[]journal.Arrival{plain, other(keyed("A")), other(keyed("A"))}, []connectors.Verdict{taken, conflict, conflict}, -1},
		"one that must be known":        {[]journal.Arrival{plain, known}, []connectors.Verdict{taken, none}, -1},
		"one that fails":                {[]journal.Arrival{plain, lost, arrival("D", "x")}, []connectors.Verdict{taken, none, taken}, 1},
		"the first fails":               {[]journal.Arrival{lost, plain, plain}, []connectors.Verdict{none, taken, repeat}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				commits := r.counted()
				release := r.held()
				got, errs := make([]journal.Acceptance, len(c.arrivals)), make([]error, len(c.arrivals))
				for n, a := range c.arrivals {
					go func() {
						out, err := r.Accept(r.ctx(), []journal.Arrival{a})
						if errs[n] = err; err == nil {
							got[n] = out[0]
						}
					}()
					synctest.Wait() // so that they stand in line in this order
				}
				release()
				synctest.Wait()
				for n, a := range got {
					if a.Verdict != c.want[n] || (n == c.fails) != errors.Is(errs[n], journal.ErrNotFound) || n != c.fails && errs[n] != nil {
						t.Errorf("%d: %s, %v", n, a.Verdict, errs[n])
					}
				}
				if *commits != 1 {
					t.Errorf("%d commits", *commits)
				}
				r.check()
			})
		})
	}
}
