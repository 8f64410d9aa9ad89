package checking

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/connectors"
)

// Fault codes of a Checkup's findings are in codes.go; each finding says what is wrong and what cures it.

// Finding is one thing that a Checkup found wrong. It holds nothing that a citizen wrote.
type Finding struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure"`
}

// CheckupOrder says how closely to look.
type CheckupOrder struct {
	Full    bool           // read every page and every index, not only the quick way
	Content *content.Store // read all content that is referred to and compare it with its digest; nil: do not
}

// Checkup is what was looked at and what was found.
type Checkup struct {
	Submissions int64     `json:"submissions"`
	Purged      int64     `json:"purged"`
	Content     int64     `json:"content"` // pieces that were read
	Findings    []Finding `json:"findings"`
}

// maxFindings is how many findings of one kind are told.
const maxFindings = 5

// Checkup looks whether the journal is whole and says in itself what is true. The journal may be in use; the
// error is for one that cannot be read at all.
func (j Checks) Checkup(ctx context.Context, o CheckupOrder) (c Checkup, err error) {
	c.Findings = []Finding{}
	if !j.Has(journal.PurgeVersion) {
		return c, &connectors.Error{Class: connectors.TargetError, Code: journal.CodeOld, Op: "check the journal", Hint: "let this version's agent open it once, then check it again"}
	}
	err = j.Examine(ctx, func(l *journal.Look) {
		found, err := j.Engine().Damage(ctx, l.Conn, o.Full, maxFindings)
		for _, what := range found {
			c.add(damaged(what))
		}
		l.Fail(err)
	})
	if isDamage(err) {
		c.add(damaged(cause(err)))
		return c, nil
	}
	if err != nil || len(c.Findings) > 0 { // what a damaged file says of itself is worth nothing
		return c, err
	}
	err = j.Examine(ctx, func(l *journal.Look) { c.consistent(ctx, l) })
	if err == nil && o.Content != nil {
		err = c.contents(ctx, j.Journal, o.Content)
	}
	return c, err
}

func (c *Checkup) add(f Finding) { c.Findings = append(c.Findings, f) }

func damaged(what string) Finding {
	return Finding{Code: journal.CodeCorrupt, Text: "the journal's file is damaged: " + what, Cure: "stop the agent, keep a copy of the state folder, and restore the last backup"}
}

// isDamage tells whether the engine says that what it stores is broken.
func isDamage(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && e.Code == journal.CodeCorrupt
}

func cause(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// contents reads everything that the journal refers to.
func (c *Checkup) contents(ctx context.Context, j *journal.Journal, store *content.Store) error {
	bad := 0
	last := sha256.Sum256(nil)
	return purging.Of(j).References(ctx, func(id journal.ID, f journal.File) error {
		if f.Digest == last {
			return nil
		}
		last = f.Digest
		c.Content++
		err := store.Verify(ctx, f.Digest)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if bad++; bad > maxFindings {
			return nil
		}
		what := "cannot be read"
		switch {
		case errors.Is(err, content.ErrNotFound):
			what = "is not there"
		case errors.Is(err, content.ErrDamaged):
			what = "is not what was stored"
		}
		of := "a batch or a result"
		if id != 0 {
			of = "submission " + id.String()
		}
		c.add(Finding{Code: journal.CodeContent, Text: fmt.Sprintf("content %x of %s %s", f.Digest[:8], of, what),
			Cure: "take the file with this name out of a backup's content folder, and put it into that of the state folder"})
		return nil
	})
}
