package lane

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
)

func formOf(id journal.ID) *prepare.Form { return &prepare.Form{Stored: journal.Stored{ID: id}} }

// What was accepted later waits for what was accepted before it and is not with the lanes yet, and for nothing else.
func TestAdmissionsKeepTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := NewAdmissions()
		older, newer, later := all.Begin(), all.Begin(), all.Begin()
		newer.Accepted(formOf(5), formOf(6))
		went := false
		go func() { went = newer.wait(context.Background()) }()
		still := func(why string) {
			t.Helper()
			if synctest.Wait(); went {
				t.Fatal(why)
			}
		}
		still("before anybody knew what the older one is")
		fourth := all.Begin() // begun after it was accepted: all it accepts is newer
		later.Accepted(formOf(9))
		still("before the older one was accepted")
		older.Accepted(formOf(3))
		still("before the lanes had the older one")
		older.Done()
		if synctest.Wait(); !went {
			t.Error("it waits for what is newer")
		}
		if next, _ := later.isNext(); next {
			t.Error("the newest does not wait")
		}
		newer.Done()
		if next, _ := later.isNext(); next {
			t.Error("it does not wait for one that was begun before it was accepted")
		}
		if fourth.Accepted() {
			t.Error("nothing goes on")
		}
		if next, _ := later.isNext(); !next {
			t.Error("it waits for nothing")
		}
	})
}

// What goes together does not wait for itself, but for what lies between it.
func TestAdmissionsGoTogether(t *testing.T) {
	all := NewAdmissions()
	a, between, b := all.Begin(), all.Begin(), all.Begin()
	b.Accepted(formOf(7))
	a.Accepted(formOf(3))
	between.Accepted(formOf(5))
	if forms := join([]*Admission{b, a}); forms[0].Stored.ID != 3 || forms[1].Stored.ID != 7 {
		t.Errorf("%v", forms)
	}
	if next, _ := b.isNext(); next {
		t.Error("it overtakes what lies between")
	}
	between.Done()
	if next, _ := b.isNext(); !next {
		t.Error("it waits for itself")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all.Begin().Accepted(formOf(1))
	if a.wait(ctx) {
		t.Error("it goes on when it should end")
	}
}
