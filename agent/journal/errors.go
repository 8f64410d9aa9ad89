package journal

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// The errors that callers act on.
var (
	ErrNotFound        = errors.New("not found")
	ErrClosed          = errors.New("journal is closed")
	ErrReadOnly        = errors.New("journal is open for reading only")
	ErrLocked          = errors.New("another agent uses this journal")
	ErrTooNew          = engine.ErrTooNew
	ErrPlanChanged     = errors.New("the content of a mapping changed under a version that was used before")
	ErrPartlyDelivered = errors.New("the submission is partly delivered")
	ErrState           = errors.New("not possible in this state")
	ErrSequence        = errors.New("sequence number is not the next one")
)

// TransitionError says that a Change is not possible; nothing of its call was applied.
type TransitionError struct {
	ID       ID
	Target   string
	From, To Progress // From is empty if there is no such delivery
}

// Error names submission, target and both states.
func (e *TransitionError) Error() string {
	if e.From == "" {
		return fmt.Sprintf("submission %s has no delivery to %s", e.ID, e.Target)
	}
	return fmt.Sprintf("delivery of %s to %s cannot go from %s to %s", e.ID, e.Target, e.From, e.To)
}

// Unwrap makes it an ErrState.
func (e *TransitionError) Unwrap() error { return ErrState }

// PartlyDeliveredError lists which targets have a submission that should be rejected.
type PartlyDeliveredError struct {
	ID      ID
	Targets []string
}

// Error names the targets.
func (e *PartlyDeliveredError) Error() string {
	return fmt.Sprintf("submission %s is already delivered to %s", e.ID, strings.Join(e.Targets, ", "))
}

// Unwrap makes it an ErrPartlyDelivered.
func (e *PartlyDeliveredError) Unwrap() error { return ErrPartlyDelivered }

// UnclearError lists which targets may have what is parked for them: only a person can tell.
type UnclearError struct {
	ID      ID
	Targets []string
	Rest    bool // what is parked for other targets goes on
}

// Error names the targets.
func (e *UnclearError) Error() string {
	return fmt.Sprintf("submission %s may be at %s already: nothing was changed there", e.ID, strings.Join(e.Targets, ", "))
}

// Unwrap makes it an ErrState.
func (e *UnclearError) Unwrap() error { return ErrState }

func closed(op string) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeClosed, Op: op, Hint: "the agent is stopping", Err: ErrClosed}
}

// FaultOf is FaultOf by this journal's engine.
func (j *Journal) FaultOf(op string, err error) error { return FaultOf(j.engine, op, err) }

// FaultOf turns an error of the disk or of an engine into one of class TargetError with a code; others stay as they are.
func FaultOf(e engine.Engine, op string, err error) error {
	if err == nil {
		return nil
	}
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	kind := engine.Other
	if e != nil {
		kind = e.Kind(err)
	}
	if isDiskFull(err) {
		kind = engine.Full
	}
	switch kind {
	case engine.Other:
		return err
	case engine.Full:
		return connectors.Errorf(connectors.TargetError, CodeDiskFull, op,
			"make space on the disk that holds the state folder; the agent goes on by itself", "%w", err)
	case engine.Damaged:
		return connectors.Errorf(connectors.TargetError, CodeCorrupt, op,
			"stop the agent, keep a copy of the state folder and restore the last backup", "%w", err)
	default:
		return connectors.Errorf(connectors.TargetError, CodeIO, op,
			"look at the disk that holds the state folder and at the system's log", "%w", err)
	}
}

// Fault says why the journal cannot be written. It lasts until something is committed again.
type Fault struct {
	Err   error // a *connectors.Error with code and hint
	Since time.Time
	Count int // failed commits in a row
}

// Fault returns why the last commit failed; nil when it did not.
func (j *Journal) Fault() *Fault {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken == nil {
		return nil
	}
	f := *j.broken
	return &f
}

// note remembers how the last commit ended.
func (j *Journal) note(err error) {
	j.mu.Lock()
	was := j.broken
	if err == nil {
		j.broken = nil
	} else {
		if j.broken == nil {
			j.broken = &Fault{Since: j.now()}
		}
		j.broken.Err = j.FaultOf("write the journal", err)
		j.broken.Count++
	}
	j.mu.Unlock()
	if err == nil && was != nil && j.mended != nil {
		j.mended()
	}
}
