package control

import (
	"testing"
)

func TestTheWorstFindingCounts(t *testing.T) {
	e := Examination{Findings: []Finding{{Level: LevelOK}, {Level: LevelWarn}}}
	if e.Worst() != LevelWarn {
		t.Errorf("the worst is %s", e.Worst())
	}
	e.Findings = append(e.Findings, Finding{Level: LevelFail}, Finding{Level: LevelOK})
	if e.Worst() != LevelFail || (Examination{}).Worst() != LevelOK {
		t.Error("a failure is the worst, and nothing is well")
	}
}
