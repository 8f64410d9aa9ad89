package journal_test

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestWatch wakes who waits for a submission or for the events of an office, and nobody else.
func TestWatch(t *testing.T) {
	r := newRig(t)
	mine, other := r.one("mine", "x"), r.one("other", "x")
	woken := func(news <-chan struct{}) bool {
		select {
		case <-news:
			return true
		default:
			return false
		}
	}
	sub, stop := r.Watch("portal", mine)
	defer stop()
	beside, stopBeside := r.Watch("portal", other)
	defer stopBeside()
	office, stopOffice := r.Watch("portal", 0)
	defer stopOffice()
	elsewhere, stopElsewhere := r.Watch("elsewhere", 0)
	defer stopElsewhere()
	r.must(r.Reject(r.ctx(), mine, nil, journal.Reason{Code: "form.wrong"}, "clerk", true))
	if !woken(sub) || !woken(office) || woken(beside) || woken(elsewhere) {
		t.Errorf("woken: submission %v, office %v; of others: submission %v, office %v", woken(sub), woken(office), woken(beside), woken(elsewhere))
	}
	again, stopAgain := r.Watch("portal", mine)
	if woken(again) {
		t.Error("news of before wakes who comes later")
	}
	stopAgain()
	stopAgain()
	stopBeside()
	stopElsewhere()
	if n := r.Watched(); n != 0 {
		t.Errorf("%d are still waited for", n)
	}
}
