package control

import (
	"context"
	"net/http"

	"github.com/inbasket/inbasket/agent/journal"
)

// Sorter finds the right place for results of the back office that wait for a person.
type Sorter interface {
	Results(ctx context.Context, f ResultsFilter) ([]journal.Outcome, error)
	// Attach gives a result to a submission, which it decides.
	Attach(ctx context.Context, r AttachRequest) (Settled, error)
	// DropResult sets a result aside for good.
	DropResult(ctx context.Context, r DropResultRequest) error
}

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

// DropResult orders what Clerk.DropResult does.
func (c *Client) DropResult(ctx context.Context, r DropResultRequest) error {
	return c.post(ctx, "dropresult", r, &struct{}{})
}

// Waiting is a result that waits for a person.
type Waiting struct {
	N int64 `json:"n"` // its number
	Result
	Kind    string `json:"kind"`              // orphan or parked
	Mapping string `json:"mapping,omitempty"` // that could read it
	About   string `json:"about,omitempty"`   // what it says it belongs to, such as CASE_NO=4711
	Text    string `json:"text,omitempty"`    // why it is parked
	Next    string `json:"next,omitempty"`    // what to do
}

// Kinds of results that wait.
const (
	KindOrphan = "orphan"
	KindParked = "parked"
)

// Results asks for results that wait for a person.
func (c *Client) Results(ctx context.Context, f ResultsFilter) (list []Waiting, err error) {
	return list, c.post(ctx, "results", f, &list)
}

// Attach orders what Clerk.Attach does.
func (c *Client) Attach(ctx context.Context, r AttachRequest) (s Settled, err error) {
	return s, c.post(ctx, "attach", r, &s)
}

// WaitingResults reads them from a journal.
func WaitingResults(ctx context.Context, j *journal.Journal, f ResultsFilter) (list []journal.Outcome, err error) {
	if f.Orphans || !f.Parked {
		if list, err = j.Orphans(ctx, f.Limit); err != nil {
			return nil, err
		}
	}
	if f.Parked || !f.Orphans {
		parked, err := j.ParkedResults(ctx, f.Limit)
		return append(list, parked...), err
	}
	return list, nil
}

// WaitingOf makes a list for operators of the journal's, without systems' own words.
func WaitingOf(list []journal.Outcome) []Waiting {
	out := make([]Waiting, len(list))
	for i, r := range list {
		out[i] = Waiting{N: r.N, Result: resultOf(r), Kind: KindOrphan, Mapping: r.Plan, About: spoken(r.MatchKey)}
		if r.Park != nil {
			out[i].Kind, out[i].Text, out[i].Next = KindParked, r.Park.Text, r.Park.Next
		}
	}
	return out
}

// resultOrders is the part of the protocol that is about waiting results.
func resultOrders(mux *http.ServeMux, op Sorter) {
	order(mux, "results", func(ctx context.Context, f ResultsFilter, _ string) ([]Waiting, error) {
		list, err := op.Results(ctx, f)
		return WaitingOf(list), err
	})
	order(mux, "attach", func(ctx context.Context, r AttachRequest, by string) (Settled, error) {
		r.By = by
		return op.Attach(ctx, r)
	})
	order(mux, "dropresult", func(ctx context.Context, r DropResultRequest, by string) (struct{}, error) {
		r.By = by
		return struct{}{}, op.DropResult(ctx, r)
	})
}
