// Package guard holds what stands around every target, so that no connector needs it itself: a time
// limit a call, a net under panics, back-off with jitter, and the circuit that keeps a failing target
// from being hammered.
package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Codes of the errors that guard itself makes.
const (
	CodePanic   = "target.panic"   // the connector broke on this group; send diagnostics to the maintainers
	CodeUnknown = "target.unknown" // the target failed without saying how; it is looked up before anything is repeated
	CodeTimeout = "target.timeout" // the target did not answer within its timeout; it is looked up before anything is repeated
)

// Target wraps a target so that every call ends within limit and a panic is an uncertain outcome, never
// the end of the agent. It keeps the abilities of the wrapped target.
type Target struct {
	inner connectors.Target
	limit time.Duration
	watch func(ctx context.Context, op string, limit time.Duration) (over func())
}

// Wrap returns t guarded; a limit of zero means no time limit.
func Wrap(t connectors.Target, limit time.Duration) *Target { return &Target{inner: t, limit: limit} }

// Watch has every call told to f, which returns what is called when it is over. It must be set before the
// first call.
func (t *Target) Watch(f func(ctx context.Context, op string, limit time.Duration) (over func())) {
	t.watch = f
}

// Unwrap returns the guarded target, for abilities that guard does not know.
func (t *Target) Unwrap() connectors.Target { return t.inner }

// Abilities returns those of the wrapped target.
func (t *Target) Abilities() connectors.Abilities {
	if a, ok := t.inner.(connectors.Able); ok {
		return a.Abilities()
	}
	return connectors.Abilities{}
}

// Stages tells whether the target puts things in place in two steps.
func (t *Target) Stages() bool {
	_, ok := t.inner.(connectors.Stager)
	return ok
}

// Deliver passes on to the target.
func (t *Target) Deliver(ctx context.Context, g connectors.Group) (out []connectors.Outcome, err error) {
	err = t.call(ctx, "deliver", func(ctx context.Context) error { out, err = t.inner.Deliver(ctx, g); return err })
	return out, err
}

// Lookup passes on to the target.
func (t *Target) Lookup(ctx context.Context, g connectors.Group) (found []connectors.Found, err error) {
	err = t.call(ctx, "look up", func(ctx context.Context) error { found, err = t.inner.Lookup(ctx, g); return err })
	return found, err
}

// Stage passes on to a target that stages; one that does not has nothing to do.
func (t *Target) Stage(ctx context.Context, g connectors.Group) error {
	s, ok := t.inner.(connectors.Stager)
	if !ok {
		return nil
	}
	return t.call(ctx, "stage", func(ctx context.Context) error { return s.Stage(ctx, g) })
}

// Check passes on to the target.
func (t *Target) Check(ctx context.Context) error { return t.call(ctx, "check", t.inner.Check) }

// Examine passes on to a target that can compare; one that cannot is checked.
func (t *Target) Examine(ctx context.Context, work []connectors.Work) (found []connectors.Finding, err error) {
	x, ok := t.inner.(connectors.Examiner)
	if !ok {
		return nil, t.Check(ctx)
	}
	err = t.call(ctx, "examine", func(ctx context.Context) error { found, err = x.Examine(ctx, work); return err })
	return found, err
}

// Describe passes on to a target that knows tables; one that does not has none.
func (t *Target) Describe(ctx context.Context, pick func(names []string) []string) (tables []connectors.Table, err error) {
	x, ok := t.inner.(connectors.Describer)
	if !ok {
		return nil, nil
	}
	err = t.call(ctx, "describe", func(ctx context.Context) error { tables, err = x.Describe(ctx, pick); return err })
	return tables, err
}

// Facts passes on to a target that knows what its tables take; of another one nothing is known.
func (t *Target) Facts(ctx context.Context, tables []string) (facts *connectors.Facts, err error) {
	x, ok := t.inner.(connectors.Knower)
	if !ok {
		return nil, nil
	}
	err = t.call(ctx, "facts", func(ctx context.Context) error { facts, err = x.Facts(ctx, tables); return err })
	return facts, err
}

// Close closes the target.
func (t *Target) Close() error { return t.inner.Close() }

func (t *Target) call(ctx context.Context, op string, f func(context.Context) error) (err error) {
	if t.watch != nil {
		defer t.watch(ctx, op, t.limit)()
	}
	if t.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.limit)
		defer cancel()
	}
	err = Safely(op, func() error { return f(ctx) })
	if err != nil && ctx.Err() == context.DeadlineExceeded && connectors.ClassOf(err) == connectors.Uncertain {
		return &connectors.Error{Class: connectors.Uncertain, Code: CodeTimeout, Op: op, Hint: "raise timeout if the target is merely slow", Err: err}
	}
	return err
}

// Safely makes a call into a connector; one that breaks is an error, not the end of the agent.
func Safely(op string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &connectors.Error{Class: connectors.Uncertain, Code: CodePanic, Op: op, Hint: "the connector broke; send diagnostics to the maintainers",
				Err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	return call()
}

// Describe returns code and safe text of an error.
func Describe(err error) (code, text string) {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Code, e.Safe()
	}
	return CodeUnknown, "the target failed without saying how"
}
