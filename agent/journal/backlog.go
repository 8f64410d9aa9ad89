package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// backlogBytes bounds the forms that one call of Backlog or Load holds in memory; one form may exceed it.
const backlogBytes = 8 << 20

const (
	// The last column is the size of a form that is compressed; see formSize.
	storedColumns = `SELECT s.id, s.route, s.office, p.digest, s.digest, s.reference, s.ctype, f.body, f.digest, s.files, s.received, s.at,
		d.state, d.batch, d.attempts, s.flags, s.targets, %s FROM delivery d `
	storedJoins = `CROSS JOIN submission s ON s.id=d.sub CROSS JOIN form f ON f.id=d.sub LEFT JOIN plan p ON p.id=s.plan `
	// Named, because the planner cannot know how few are open and would read all that is done.
	storedOpen = storedColumns + "/*by delivery_open*/ " + storedJoins + "WHERE d.target=? AND d.sub>? AND d.state<10 ORDER BY d.sub LIMIT ?"
	storedOne  = storedColumns + storedJoins + "WHERE d.target=? AND d.sub=?"
)

var errEnough = errors.New("enough")

// Backlog returns submissions with an open delivery to a target, in the order of acceptance after an
// ID, at most limit of them and about 8 MiB of forms. Held deliveries are not open.
func (j *Journal) Backlog(ctx context.Context, target string, after ID, limit int) (list []Stored, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, target)
		if !ok {
			return nil
		}
		list, err = j.stored(c, storedOpen, []any{w, after, bounded(limit)}, backlogBytes)
		return err
	})
	return list, err
}

// Load returns submissions with their delivery to a target, whatever its state, in the order of ids.
// IDs that have no such delivery are left out; memory is the caller's business.
func (j *Journal) Load(ctx context.Context, target string, ids []ID) (list []Stored, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, target)
		if !ok {
			return nil
		}
		for _, id := range ids {
			one, err := j.stored(c, storedOne, []any{w, id}, 0)
			if err != nil {
				return err
			}
			list = append(list, one...)
		}
		return nil
	})
	return list, err
}

func (j *Journal) stored(c *engine.Conn, sql string, args []any, limit int) (list []Stored, err error) {
	lists := map[nameID][]string{}
	flags := map[ID]nameID{}
	size := 0
	err = engine.Each(c, fmt.Sprintf(sql, j.formSize()), args, func(r storedRow) error {
		s, err := j.stored1(c, &r)
		if err != nil {
			return err
		}
		size += len(s.Form)
		list = append(list, s)
		if r.Flags&states.FlagReturned != 0 {
			flags[s.ID] = r.Targets
		}
		if limit > 0 && size > limit {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	for n := range list {
		targets, ok := flags[list[n].ID]
		if !ok {
			continue
		}
		if lists[targets] == nil {
			lists[targets] = splitList(j.name(c, targets))
		}
		if list[n].Returned, err = j.returned(c, list[n].ID, lists[targets]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// storedRow is a row of storedColumns.
type storedRow struct {
	ID                 ID
	Route, Office      nameID
	Plan, Digest       connectors.Digest
	Reference          string
	Type               engine.Optional
	Body, Large        []byte
	Files              string
	Received, Accepted time.Time
	Progress           states.Progress
	Batch              int64
	Attempts           int
	Flags              int64
	Targets            nameID
	Size               int
}

func (j *Journal) stored1(c *engine.Conn, r *storedRow) (s Stored, err error) {
	s = Stored{ID: r.ID, Route: j.name(c, r.Route), Office: j.name(c, r.Office), Plan: r.Plan, Digest: r.Digest, Reference: r.Reference, ContentType: typeOf(r.Type),
		At: r.Received, Accepted: r.Accepted, Progress: Progress(r.Progress.String()), Batch: r.Batch, Attempts: r.Attempts}
	if s.Attachments, err = decodeFiles(r.Files); err != nil {
		return s, fmt.Errorf("attachments of %s: %w", s.ID, err)
	}
	s.Form, err = j.form(storedForm{r.Body, r.Large, r.Size})
	if errors.Is(err, content.ErrNotFound) { // this one's trouble: the others must go on
		s.Form, s.Lost, err = nil, err, nil
	}
	if err != nil {
		return s, fmt.Errorf("form of %s: %w", s.ID, err)
	}
	return s, nil
}

// returned reads what the targets returned for one submission.
func (j *Journal) returned(c *engine.Conn, id ID, targets []string) (m map[string]connectors.Value, err error) {
	for _, name := range targets {
		w, ok := j.nameID(c, name)
		if !ok {
			continue
		}
		text, err := engine.Value[string](c, "SELECT returned FROM delivery WHERE target=? AND sub=?", w, id)
		if err != nil {
			return nil, err
		}
		if m, err = decodeReturned(text, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// formRow is a submission's form as it is stored.
type formRow struct {
	Type        engine.Optional
	Files       string
	Transport   string
	Body, Large []byte
	Size        int
}

func (r *formRow) stored() storedForm { return storedForm{r.Body, r.Large, r.Size} }

func (j *Journal) formOf(c *engine.Conn, id ID) (r formRow, found bool, err error) {
	const sql = "SELECT s.ctype, s.files, coalesce(s.transport, s.reference), f.body, f.digest, %s FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?"
	return engine.One[formRow](c, fmt.Sprintf(sql, j.formSize()), id)
}

// Form returns a submission's form with its content type and attachments.
func (j *Journal) Form(ctx context.Context, id ID) (form []byte, contentType string, attachments []File, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		r, found, err := j.formOf(c, id)
		if err != nil || !found {
			return errorOr(err, fmt.Errorf("submission %s: %w", id, ErrNotFound))
		}
		contentType = typeOf(r.Type)
		if form, err = j.form(r.stored()); err != nil {
			return err
		}
		attachments, err = decodeFiles(r.Files)
		return err
	})
	return form, contentType, attachments, err
}

// Payload is what a citizen wrote, as it came.
type Payload struct {
	ContentType string
	Body        []byte            // nil: it lies in the content store
	Digest      connectors.Digest // where Body is nil
	Attachments []File
}

// Payload returns what a citizen wrote. Who asks for it is to be on record.
func (j *Journal) Payload(ctx context.Context, id ID) (p Payload, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		r, found, err := j.formOf(c, id)
		if err != nil || !found {
			return errorOr(err, j.missing(c, id))
		}
		p = Payload{ContentType: typeOf(r.Type)}
		if r.Large != nil {
			p.Digest = connectors.Digest(r.Large)
		} else if p.Body, err = j.form(r.stored()); err != nil {
			return err
		}
		p.Attachments, err = decodeFiles(r.Files)
		return err
	})
	return p, err
}
