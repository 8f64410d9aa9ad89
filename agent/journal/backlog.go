package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// backlogBytes bounds the forms that one call of Backlog holds in memory; one form may exceed it.
const backlogBytes = 8 << 20

const (
	storedColumns = `SELECT s.id, s.route, s.office, p.digest, s.digest, s.reference, coalesce(s.ctype, '` + usualType + `'), s.files, s.received, s.at,
		d.state, d.batch, d.attempts, f.body, f.digest, %s, s.flags, s.targets FROM delivery d `
	storedJoins = `CROSS JOIN submission s ON s.id=d.sub CROSS JOIN form f ON f.id=d.sub LEFT JOIN plan p ON p.id=s.plan `
	// Named, because the planner cannot know how few are open and would read all that is done.
	storedOpen = storedColumns + "/*by delivery_open*/ " + storedJoins + "WHERE d.target=? AND d.sub>? AND d.state<10 ORDER BY d.sub LIMIT ?"
	storedOne  = storedColumns + storedJoins + "WHERE d.target=? AND d.sub=?"
)

// Backlog returns submissions with an open delivery to a target, in the order of acceptance after an
// ID, at most limit of them and about 8 MiB of forms. Held deliveries are not open.
func (j *Journal) Backlog(ctx context.Context, target string, after ID, limit int) ([]Stored, error) {
	return find(ctx, j, func(l *look) []Stored {
		return l.stored(storedOpen, backlogBytes, engine.Word(target), after, bounded(limit))
	})
}

// Load returns submissions with their delivery to a target, whatever its state, in the order of ids.
// IDs that have no such delivery are left out; memory is the caller's business.
func (j *Journal) Load(ctx context.Context, target string, ids []ID) ([]Stored, error) {
	return find(ctx, j, func(l *look) (list []Stored) {
		for _, id := range ids {
			list = append(list, l.stored(storedOne, 0, engine.Word(target), id)...)
		}
		return list
	})
}

// stored reads submissions up to so many bytes of forms; 0: all.
func (l *look) stored(sql string, limit int, args ...any) (list []Stored) {
	returned := map[int]nameID{} // targets of which some returned values
	size := 0
	each(l, fmt.Sprintf(sql, l.formSize()), args, func(r struct {
		Stored      Stored
		Body, Large []byte
		Size        int
		Flags       int64
		Targets     nameID
	}) {
		s := r.Stored
		var err error
		s.Form, err = l.j.form(storedForm{r.Body, r.Large, r.Size})
		switch {
		case errors.Is(err, content.ErrNotFound): // this one's trouble: the others must go on
			s.Form, s.Lost = nil, err
		case err != nil:
			l.fail(fmt.Errorf("form of %s: %w", s.ID, err))
		}
		size += len(s.Form)
		if r.Flags&states.FlagReturned != 0 {
			returned[len(list)] = r.Targets
		}
		if list = append(list, s); limit > 0 && size > limit {
			l.enough()
		}
	})
	for n := range list {
		if targets, ok := returned[n]; ok {
			list[n].Returned = l.returned(list[n].ID, splitList(l.name(targets)))
		}
	}
	return list
}

// returned reads what the targets returned for one submission.
func (l *look) returned(id ID, targets []string) (m map[string]connectors.Value) {
	for _, name := range targets {
		text := value[string](l, "SELECT returned FROM delivery WHERE target=? AND sub=?", engine.Word(name), id)
		var err error
		m, err = decodeReturned(text, m)
		l.fail(err)
	}
	return m
}

// formRow is a submission's form as it is stored.
type formRow struct {
	Type        string
	Files       []File `col:"json"`
	Transport   string
	Body, Large []byte
	Size        int
}

func (r *formRow) stored() storedForm { return storedForm{r.Body, r.Large, r.Size} }

func (l *look) formOf(id ID) (r formRow, found bool) {
	const sql = "SELECT coalesce(s.ctype, '" + usualType + "'), s.files, coalesce(s.transport, s.reference), f.body, f.digest, %s FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?"
	return one[formRow](l, fmt.Sprintf(sql, l.formSize()), id)
}

// Payload is what a citizen wrote, as it came.
type Payload struct {
	ContentType string
	Body        []byte            // nil: it lies in the content store
	Digest      connectors.Digest // where Body is nil
	Attachments []File
}

// Payload returns what a citizen wrote. Who asks for it is to be on record.
func (j *Journal) Payload(ctx context.Context, id ID) (Payload, error) {
	return find(ctx, j, func(l *look) Payload {
		r, found := l.formOf(id)
		if !found {
			l.missing(id)
		}
		p := Payload{ContentType: r.Type, Attachments: r.Files}
		if r.Large != nil {
			p.Digest = connectors.Digest(r.Large)
			return p
		}
		var err error
		p.Body, err = j.form(r.stored())
		l.fail(err)
		return p
	})
}

// Form returns a submission's form with its content type and attachments.
func (j *Journal) Form(ctx context.Context, id ID) (form []byte, contentType string, attachments []File, err error) {
	p, err := j.Payload(ctx, id)
	if err == nil && p.Body == nil {
		p.Body, err = j.form(storedForm{large: p.Digest[:]})
	}
	return p.Body, p.ContentType, p.Attachments, err
}
