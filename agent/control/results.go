package control

import (
	"cmp"
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
)

// ResultsFilter selects results that wait for a person; both or neither of its words select all of them.
type ResultsFilter struct {
	Orphans bool `json:"orphans,omitempty"` // they fit no submission
	Parked  bool `json:"parked,omitempty"`  // they cannot be understood, or fit several
	Limit   int  `json:"limit,omitempty"`   // of each kind
}

// AttachRequest gives a waiting result to a submission.
type AttachRequest struct {
	Result  int64      `json:"result"` // number
	ID      journal.ID `json:"id"`
	Outcome string     `json:"outcome,omitempty"` // what the result means, where its status does not tell
	By      string     `json:"by,omitempty"`
}

// DropResultRequest sets a waiting result aside.
type DropResultRequest struct {
	Result int64  `json:"result"` // number
	Reason string `json:"reason"` // it stays on record
	By     string `json:"by,omitempty"`
}

// Waiting is a result that waits for a person.
type Waiting struct {
	N int64 `json:"n"` // its number
	Result
	Kind    string `json:"kind"`              // orphan, parked or waits
	Mapping string `json:"mapping,omitempty"` // that could read it
	About   string `json:"about,omitempty"`   // what it says it belongs to, such as CASE_NO=4711
	Text    string `json:"text,omitempty"`    // why it is parked
	Next    string `json:"next,omitempty"`    // what to do
}

// Kinds of results that wait.
const (
	KindOrphan = "orphan"
	KindParked = "parked"
	KindWaits  = "waits" // it lies at its source still: it has no number, and is taken or set aside by itself
)

// WaitingResults reads them from a journal.
func WaitingResults(ctx context.Context, j *journal.Journal, f ResultsFilter) (list []journal.Outcome, err error) {
	if f.Orphans || !f.Parked {
		if list, err = deciding.Of(j).Orphans(ctx, f.Limit); err != nil {
			return nil, err
		}
	}
	if f.Parked || !f.Orphans {
		parked, err := deciding.Of(j).ParkedResults(ctx, 0, f.Limit)
		return append(list, parked...), err
	}
	return list, nil
}

// WaitingOf makes a list for operators of the journal's, without systems' own words.
func WaitingOf(list []journal.Outcome) []Waiting {
	out := make([]Waiting, len(list))
	for i, r := range list {
		out[i] = Waiting{N: r.N, Result: resultOf(r), Kind: KindOrphan, Mapping: r.Plan, About: spoken(cmp.Or(r.MatchKey, "result "+r.ResultID))}
		if r.Park != nil {
			out[i].Kind, out[i].Text, out[i].Next = KindParked, r.Park.Text, r.Park.Next
		}
	}
	return out
}

// WithUntaken adds what lies at its source still and waits alone, apart from what is on record while it does.
func WithUntaken(list []Waiting, s Status, limit int) []Waiting {
	recorded := map[[3]string]bool{}
	for _, w := range list {
		recorded[[3]string{w.Source, w.Code, w.Text}] = true
	}
	for _, source := range s.Results {
		for _, w := range source.Waiting[:min(limit, len(source.Waiting))] {
			if !recorded[[3]string{source.Name, w.Code, w.Text}] {
				list = append(list, Waiting{Kind: KindWaits, About: w.Item, Text: w.Text, Next: w.Next, Result: Result{Source: source.Name, At: w.Since, Code: w.Code}})
			}
		}
	}
	return list
}
