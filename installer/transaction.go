package installer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// transaction does the steps of an installation, and remembers how each is undone. A step is added only when
// it is needed, so that what was there before stays when a later one fails.
type transaction struct {
	dry   bool // only say what would be done
	done  Changes
	files []File
	undos []undo
}

type undo struct {
	what string
	f    func(context.Context) error
	// unless keeps the step for errors of this code, with the reason; empty: it is always undone.
	unless string
	why    string
}

// do carries out one step; back undoes it and may be nil. A step that fails midway must have undone itself.
func (t *transaction) do(what string, f func() error, back func(context.Context) error) error {
	if t.dry {
		t.done = append(t.done, what)
		return nil
	}
	if err := f(); err != nil {
		return stepError(what, err)
	}
	t.done = append(t.done, what)
	if back != nil {
		t.undos = append(t.undos, undo{what: what, f: back})
	}
	return nil
}

// keepFor keeps the last step from being undone after an error of that code; why is told then.
func (t *transaction) keepFor(code, why string) {
	if n := len(t.undos); n > 0 && !t.dry {
		t.undos[n-1].unless, t.undos[n-1].why = code, why
	}
}

// finally has f done at the end of a rollback that reaches this point.
func (t *transaction) finally(what string, f func(context.Context) error) {
	if !t.dry {
		t.undos = append(t.undos, undo{what: what, f: f})
	}
}

// stepError keeps an error that says what to do, and names the step of any other.
func stepError(what string, err error) error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	return connectors.Errorf(connectors.ItemError, CodeInstall, what, "mend what the message says and repeat the command", "%w", err)
}

// rollback undoes all steps, the last one first, whatever became of ctx, and returns the error for the caller.
func (t *transaction) rollback(ctx context.Context, cause error) error {
	ctx = context.WithoutCancel(ctx)
	var e *connectors.Error
	if !errors.As(cause, &e) {
		e = connectors.Errorf(connectors.ItemError, CodeInstall, "install the service", "", "%w", cause)
	}
	var failed, kept []string
	undone := 0
	for n := len(t.undos) - 1; n >= 0; n-- {
		u := t.undos[n]
		if u.unless == e.Code {
			kept = append(kept, u.why)
			continue
		}
		if err := u.f(ctx); err != nil {
			failed = append(failed, fmt.Sprintf("%s (%v)", u.what, err))
			continue
		}
		undone++
	}
	out := *e
	end := "nothing was changed"
	if undone > 0 {
		end = "what this command had done was undone"
	}
	for _, part := range append([]string{end}, kept...) {
		out.Hint += "; " + part
	}
	if len(failed) > 0 {
		out.Hint += "; these steps could not be undone, do it by hand: " + strings.Join(failed, "; ")
	}
	out.Hint = strings.TrimPrefix(out.Hint, "; ")
	return &out
}
