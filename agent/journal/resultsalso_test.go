package journal_test

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// TestResultInAnotherSpelling knows a result by any spelling of its identity, and keeps what it says next under the one on record.
func TestResultInAnotherSpelling(t *testing.T) {
	r := newRig(t)
	id := r.delivered("A", "CASE=1")
	first := decision("2026-01-02T03:04:05", "CASE=1")
	r.result(first)
	again := decision("2026-01-02T02:04:05Z", "CASE=1")
	again.Also = []string{"2026-01-02T04:04:05", "2026-01-02T03:04:05"}
	verdicts, err := r.Results(r.ctx(), []journal.Outcome{again})
	if err != nil || verdicts[0] != connectors.Repeat {
		t.Errorf("%v %v", verdicts, err)
	}
	again.Reason = "corrected"
	for range 2 {
		r.result(again)
	}
	v, err := r.Show(r.ctx(), id)
	if err != nil || len(v.Results) != 2 || v.Results[1].ResultID != first.ResultID {
		t.Errorf("%+v %v", v.Results, err)
	}
	r.check()
}
