package control

import (
	"time"
)

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

// Internals are what only the running process knows.
type Internals struct {
	Goroutines string `json:"goroutines"` // stacks, as the run-time prints them
	Metrics    string `json:"metrics"`    // in the text format of Prometheus
	HeapBytes  uint64 `json:"heapBytes"`
	StackBytes uint64 `json:"stackBytes"`
	TotalBytes uint64 `json:"totalBytes"` // taken from the system
}
