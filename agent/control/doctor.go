package control

import (
	"context"
	"net/http"
	"time"
)

// Physician looks at the agent from inside: with its account, its sandbox and its mounts.
type Physician interface {
	// Examine looks at everything that the agent stands on, and changes nothing.
	Examine(ctx context.Context, r ExamineRequest) (Examination, error)
	// Vitals tells what only the running process knows.
	Vitals(ctx context.Context) (Vitals, error)
}

// Level says how bad a finding is.
type Level string

// The levels of findings.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warn" // it works, and will not for ever
	LevelFail Level = "fail" // something does not work now
)

// Finding is one line of an examination. Text and Cure hold nothing that a citizen wrote, and no secret.
type Finding struct {
	Area    string `json:"area"`
	Subject string `json:"subject,omitempty"` // such as a target's name or a path
	Level   Level  `json:"level"`
	Code    string `json:"code,omitempty"` // stable; empty: ok
	Text    string `json:"text"`
	Cure    string `json:"cure,omitempty"` // what to do
}

// Examination is everything that was found.
type Examination struct {
	At       time.Time `json:"at"`
	Version  string    `json:"version"`
	Account  string    `json:"account"` // that looked
	Inside   bool      `json:"inside"`  // the running agent itself looked
	Findings []Finding `json:"findings"`
}

// Worst returns the worst level of all findings.
func (e Examination) Worst() Level {
	worst := LevelOK
	for _, f := range e.Findings {
		switch {
		case f.Level == LevelFail:
			return LevelFail
		case f.Level == LevelWarn:
			worst = LevelWarn
		}
	}
	return worst
}

// ExamineRequest says what to look at.
type ExamineRequest struct {
	Only  []string `json:"only,omitempty"`  // areas; none: all
	Probe bool     `json:"probe,omitempty"` // also put files with hidden names into folders, and take them away
	By    string   `json:"by,omitempty"`
}

// Vitals are what only the running process knows.
type Vitals struct {
	Goroutines string `json:"goroutines"` // stacks, as the run-time prints them
	Metrics    string `json:"metrics"`    // in the text format of Prometheus
	HeapBytes  uint64 `json:"heapBytes"`
	StackBytes uint64 `json:"stackBytes"`
	TotalBytes uint64 `json:"totalBytes"` // taken from the system
}

// Examine orders what Physician.Examine does.
func (c *Client) Examine(ctx context.Context, r ExamineRequest) (e Examination, err error) {
	return e, c.post(ctx, "examine", r, &e)
}

// Vitals asks for what only the running process knows.
func (c *Client) Vitals(ctx context.Context) (v Vitals, err error) {
	return v, c.post(ctx, "vitals", struct{}{}, &v)
}

// doctorOrders is the part of the protocol that looks at the agent from inside.
func doctorOrders(mux *http.ServeMux, op Physician) {
	order(mux, "examine", func(ctx context.Context, r ExamineRequest, by string) (Examination, error) {
		r.By = by
		return op.Examine(ctx, r)
	})
	order(mux, "vitals", func(ctx context.Context, _ struct{}, _ string) (Vitals, error) { return op.Vitals(ctx) })
}
