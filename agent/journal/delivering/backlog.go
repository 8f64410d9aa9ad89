package delivering

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// backlogBytes bounds the forms that one call of Backlog holds in memory; one form may exceed it.
const backlogBytes = 8 << 20

const (
	storedSelect  = `SELECT s.id, s.route, s.office, p.digest, s.digest, s.reference, coalesce(s.ctype, '` + journal.UsualType + `'), s.files, s.received, s.at, `
	storedForm    = `, f.body, f.digest, %[1]s, s.flags, s.targets `
	storedColumns = storedSelect + `d.state, d.batch, d.attempts` + storedForm + `FROM delivery d `
	storedJoins   = `CROSS JOIN submission s ON s.id=d.sub CROSS JOIN form f ON f.id=d.sub LEFT JOIN plan p ON p.id=s.plan `
	// Named, because the planner cannot know how few are open and would read all that is done.
	storedOpen = storedColumns + "/*by delivery_open*/ " + storedJoins + "WHERE d.target=? AND d.sub>? AND d.state<10 AND NOT (%[2]s) ORDER BY d.sub LIMIT ?"
	storedOne  = storedColumns + storedJoins + "WHERE d.target=? AND d.sub=?"
	storedDue  = storedOne + " AND d.state<10 AND NOT (%[2]s)"
	storedKept = storedSelect + "1, 0, 0" + storedForm + `FROM submission s CROSS JOIN plan p ON p.id=s.plan CROSS JOIN form f ON f.id=s.id
		WHERE s.id>? AND s.at>=? AND s.at<? AND (?='' OR p.name=?) AND (?='' OR s.route=?) AND s.id=coalesce(?, s.id) ORDER BY s.id LIMIT ?`
)

// Kept selects submissions whose content is there, whatever became of them.
type Kept struct {
	Mapping      string     // by which they were accepted, in any version; empty: any
	Route        string     // empty: any
	ID           journal.ID // only this one; 0: any
	Since, Until time.Time  // zero: no bound
}

// Kept returns submissions after an ID in the order of acceptance, with all that their targets returned, at most limit of them and about
// 8 MiB of forms. Their progress is that of no delivery. Who asks for it is to be on record.
func (j Deliveries) Kept(ctx context.Context, k Kept, after journal.ID, limit int) ([]journal.Stored, error) {
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !k.Since.IsZero() {
		since = k.Since.UnixNano()
	}
	if !k.Until.IsZero() {
		until = k.Until.UnixNano()
	}
	var only any
	if k.ID != 0 {
		only = k.ID
	}
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Stored {
		return stored(l, storedKept, backlogBytes, after, since, until, k.Mapping, k.Mapping, k.Route, engine.Word(k.Route), only, journal.Bounded(limit))
	})
}

// Backlog returns submissions with an open delivery to a target that lacks no value, in the order of acceptance after an
// ID, at most limit of them and about 8 MiB of forms. Held deliveries are not open.
func (j Deliveries) Backlog(ctx context.Context, target string, after journal.ID, limit int) ([]journal.Stored, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Stored {
		return stored(l, storedOpen, backlogBytes, engine.Word(target), after, journal.Bounded(limit))
	})
}

// Load returns submissions with their delivery to a target, whatever its state, in the order of ids.
// IDs that have no such delivery are left out; memory is the caller's business.
func (j Deliveries) Load(ctx context.Context, target string, ids []journal.ID) ([]journal.Stored, error) {
	return j.each(ctx, storedOne, target, ids)
}

// Due returns those of some submissions that Backlog would return.
func (j Deliveries) Due(ctx context.Context, target string, ids []journal.ID) ([]journal.Stored, error) {
	return j.each(ctx, storedDue, target, ids)
}

func (j Deliveries) each(ctx context.Context, sql, target string, ids []journal.ID) ([]journal.Stored, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (list []journal.Stored) {
		for _, id := range ids {
			list = append(list, stored(l, sql, 0, engine.Word(target), id)...)
		}
		return list
	})
}

// stored reads submissions up to so many bytes of forms; 0: all.
func stored(l *journal.Look, sql string, limit int, args ...any) (list []journal.Stored) {
	some := map[int]journal.NameID{} // targets of which some returned values
	size := 0
	journal.Each(l, fmt.Sprintf(sql, l.FormSize(), l.Lacks()), args, func(r struct {
		Stored  journal.Stored
		Form    journal.StoredForm
		Flags   int64
		Targets journal.NameID
	}) {
		s := r.Stored
		var err error
		s.Form, err = l.Journal.OpenForm(r.Form)
		switch {
		case errors.Is(err, content.ErrNotFound): // this one's trouble: the others must go on
			s.Form, s.Lost = nil, err
		case err != nil:
			l.Fail(fmt.Errorf("form of %s: %w", s.ID, err))
		}
		size += len(s.Form)
		if r.Flags&states.FlagReturned != 0 {
			some[len(list)] = r.Targets
		}
		if list = append(list, s); limit > 0 && size > limit {
			l.Enough()
		}
	})
	for n := range list {
		if targets, ok := some[n]; ok {
			list[n].Returned = returned(l, list[n].ID, journal.SplitList(l.Name(targets)))
		}
	}
	return list
}

// returned reads what the targets returned for one submission.
func returned(l *journal.Look, id journal.ID, targets []string) (m map[string]connectors.Value) {
	for _, name := range targets {
		text := journal.Value[string](l, "SELECT returned FROM delivery WHERE target=? AND sub=?", engine.Word(name), id)
		var err error
		m, err = journal.DecodeReturned(text, m)
		l.Fail(err)
	}
	return m
}

// Payload is what a citizen wrote, as it came.
type Payload struct {
	ContentType string
	Body        []byte            // nil: it lies in the content store
	Digest      connectors.Digest // where Body is nil
	Attachments []journal.File
}

// Payload returns what a citizen wrote. Who asks for it is to be on record.
func (j Deliveries) Payload(ctx context.Context, id journal.ID) (Payload, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) Payload {
		r, found := l.FormOf(id)
		if !found {
			l.Missing(id)
		}
		p := Payload{ContentType: r.Type, Attachments: r.Files}
		if r.Form.Large != nil {
			p.Digest = connectors.Digest(r.Form.Large)
			return p
		}
		var err error
		p.Body, err = j.OpenForm(r.Form)
		l.Fail(err)
		return p
	})
}

// Form returns a submission's form with its content type and attachments.
func (j Deliveries) Form(ctx context.Context, id journal.ID) (form []byte, contentType string, attachments []journal.File, err error) {
	p, err := j.Payload(ctx, id)
	if err == nil && p.Body == nil {
		p.Body, err = j.OpenForm(journal.StoredForm{Large: p.Digest[:]})
	}
	return p.Body, p.ContentType, p.Attachments, err
}

// LastReturned is what the last delivery to a target returned that returned anything.
func (j Deliveries) LastReturned(ctx context.Context, target string) (map[string]connectors.Value, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) map[string]connectors.Value {
		text := journal.Value[string](l, "SELECT returned FROM delivery WHERE target=? AND returned<>'' ORDER BY sub DESC LIMIT 1", engine.Word(target))
		values, err := journal.DecodeReturned(text, nil)
		l.Fail(err)
		return values
	})
}

// anyText escapes what LIKE gives a meaning.
var anyText = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// ReturnedTo finds another submission to which a target returned one of some values; 0: there is none.
func (j Deliveries) ReturnedTo(ctx context.Context, target string, but journal.ID, values map[string]connectors.Value) (of journal.ID, name string, err error) {
	err = j.Read(ctx, func(l *journal.Look) {
		for n, v := range values {
			text, err := journal.EncodeReturned(map[string]connectors.Value{n: v})
			l.Fail(err)
			like := "%" + anyText.Replace(strings.Trim(string(text), "{}")) + "%"
			const sql = "SELECT sub, returned FROM delivery WHERE target=? AND sub<>? AND returned LIKE ? ESCAPE '!'"
			journal.Each(l, sql, []any{engine.Word(target), but, like}, func(r struct {
				ID       journal.ID
				Returned string
			}) {
				known, err := journal.DecodeReturned(r.Returned, nil)
				l.Fail(err)
				if known[n] == v {
					of, name = r.ID, n
				}
			})
		}
	})
	return of, name, err
}
