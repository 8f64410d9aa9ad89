package journal_test

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestRejectedIsNotDeliveredAgain: what redeliver counts is what it does.
func TestRejectedIsNotDeliveredAgain(t *testing.T) {
	r := newRig(t)
	kept, gone := r.delivered("A", ""), r.delivered("B", "")
	r.must(r.Reject(r.ctx(), gone, nil, journal.Reason{Code: "x", Text: "withdrawn"}, "me", true))
	list, count, err := r.Delivered(r.ctx(), "x", time.Time{}, false, 0, 10)
	if err != nil || count != 1 || len(list) != 1 || list[0].ID != kept {
		t.Errorf("%d, %+v, %v", count, list, err)
	}
	r.check()
}
