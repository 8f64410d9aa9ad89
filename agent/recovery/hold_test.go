package recovery

import (
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
)

// What a person has to say before a restored agent goes on: what no target can tell, and nothing else.
func TestWhatHasToBeSaid(t *testing.T) {
	t.Parallel()
	gathered := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		target control.RestoredTarget
		said   control.EndHoldRequest
		asks   string // empty: nothing
	}{
		"a database tells everything":      {target: control.RestoredTarget{Evidence: control.EvidenceLedger}},
		"a target that cannot be asked":    {target: control.RestoredTarget{Evidence: control.EvidenceFailed}, asks: "--without-evidence x"},
		"and is done without":              {target: control.RestoredTarget{Evidence: control.EvidenceFailed}, said: control.EndHoldRequest{WithoutEvidence: []string{"x"}}},
		"batches of which nothing is seen": {target: control.RestoredTarget{Batch: true, LastSeq: 7}, asks: "--accept-seq x if 7 is right"},
		"whose number is accepted":         {target: control.RestoredTarget{Batch: true, LastSeq: 7}, said: control.EndHoldRequest{AcceptSeq: []string{"x"}}},
		"or said":                          {target: control.RestoredTarget{Batch: true, LastSeq: 7}, said: control.EndHoldRequest{Seqs: map[string]int64{"x": 9}}},
		"all newer batches are seen":       {target: control.RestoredTarget{Batch: true, LastSeq: 7, SeenSeq: 9}},
		"some of them were taken away":     {target: control.RestoredTarget{Batch: true, LastSeq: 7, SeenSeq: 9, GoneSeqs: 1}, asks: "1 of the numbers 8 to 9 are not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x.target.Name = "x"
			got := needs(&control.Restored{EvidenceFound: gathered, Targets: []control.RestoredTarget{x.target}}, x.said)
			if asked := strings.Join(got, "\n"); (len(got) == 0) != (x.asks == "") || !strings.Contains(asked, x.asks) {
				t.Errorf("asks %q, want %q", asked, x.asks)
			}
		})
	}
	if got := needs(&control.Restored{}, control.EndHoldRequest{}); len(got) != 1 {
		t.Errorf("before anything is gathered: %v", got)
	}
}

// That nothing was taken away says nothing about batches whose forms the journal does not know.
func TestTrustThatSaysNothing(t *testing.T) {
	t.Parallel()
	r := control.Restored{Targets: []control.RestoredTarget{{Name: "x", Batch: true, KnownSeq: 7, SeenSeq: 8}}}
	if got := overtrusted(&r, control.EndHoldRequest{TrustAbsent: []string{"x"}}); len(got) != 1 || !strings.Contains(got[0], "up to number 8") {
		t.Errorf("%v", got)
	}
	r.Targets[0].SeenSeq = 7
	if got := overtrusted(&r, control.EndHoldRequest{TrustAbsent: []string{"x"}}); len(got) != 0 {
		t.Errorf("all of them are known: %v", got)
	}
}
