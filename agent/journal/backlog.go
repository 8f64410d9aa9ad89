package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/connectors"
)

// backlogBytes bounds the forms that one call of Backlog or Load holds in memory; one form may exceed it.
const backlogBytes = 8 << 20

const (
	storedColumns = `SELECT s.id, s.route, s.office, p.digest, s.reference, s.ctype, f.body, f.digest, s.files, s.received,
		d.state, d.batch, d.attempts, s.flags, s.targets, s.digest, s.at FROM delivery d `
	storedJoins = `CROSS JOIN submission s ON s.id=d.sub CROSS JOIN form f ON f.id=d.sub LEFT JOIN plan p ON p.id=s.plan `
	// Named, because the planner cannot know how few are open and would read all that is done.
	storedOpen = storedColumns + "INDEXED BY delivery_open " + storedJoins + "WHERE d.target=? AND d.sub>? AND d.state<10 ORDER BY d.sub LIMIT ?"
	storedOne  = storedColumns + storedJoins + "WHERE d.target=? AND d.sub=?"
)

var errEnough = errors.New("enough")

// Backlog returns submissions with an open delivery to a target, in the order of acceptance after an
// ID, at most limit of them and about 8 MiB of forms. Held deliveries are not open.
func (j *Journal) Backlog(ctx context.Context, target string, after ID, limit int) (list []Stored, err error) {
	err = j.read(ctx, func(c *conn) error {
		w, ok := j.known(c, target)
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
	err = j.read(ctx, func(c *conn) error {
		w, ok := j.known(c, target)
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

func (j *Journal) stored(c *conn, sql string, args []any, limit int) (list []Stored, err error) {
	lists := map[word][]string{}
	flags := map[ID]word{}
	size := 0
	err = c.query(sql, args, func(row []driver.Value) error {
		s, err := j.storedRow(c, row)
		if err != nil {
			return err
		}
		size += len(s.Form)
		list = append(list, s)
		if integer(row[13])&flagReturned != 0 {
			flags[s.ID] = word(integer(row[14]))
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
			lists[targets] = splitList(j.name(c, int64(targets)))
		}
		if list[n].Returned, err = j.returned(c, list[n].ID, lists[targets]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (j *Journal) storedRow(c *conn, row []driver.Value) (s Stored, err error) {
	s = Stored{ID: ID(integer(row[0])), Route: j.name(c, row[1]), Office: j.name(c, row[2]), Reference: text(row[4]), ContentType: usualType,
		Form: bytesOf(row[6]), At: instant(row[9]), Accepted: instant(row[16]), Progress: progressCode(integer(row[10])).word(), Batch: integer(row[11]), Attempts: int(integer(row[12]))}
	copy(s.Plan[:], bytesOf(row[3]))
	copy(s.Digest[:], bytesOf(row[15]))
	if row[5] != nil {
		s.ContentType = text(row[5])
	}
	if s.Attachments, err = decodeFiles(text(row[8])); err != nil {
		return s, fmt.Errorf("attachments of %s: %w", s.ID, err)
	}
	if d := bytesOf(row[7]); d != nil {
		s.Form, err = j.largeForm(d)
		if errors.Is(err, content.ErrNotFound) { // this one's trouble: the others must go on
			s.Form, s.Lost, err = nil, err, nil
		}
		if err != nil {
			return s, fmt.Errorf("form of %s: %w", s.ID, err)
		}
	}
	return s, nil
}

func (j *Journal) largeForm(digest []byte) ([]byte, error) {
	if j.content == nil {
		return nil, errors.New("no content store")
	}
	var d connectors.Digest
	copy(d[:], digest)
	r, err := j.content.Open(d)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

// returned reads what the targets returned for one submission.
func (j *Journal) returned(c *conn, id ID, targets []string) (m map[string]connectors.Value, err error) {
	for _, name := range targets {
		w, ok := j.known(c, name)
		if !ok {
			continue
		}
		_, err := c.one("SELECT returned FROM delivery WHERE target=? AND sub=?", []any{w, id}, func(row []driver.Value) (err error) {
			m, err = decodeReturned(text(row[0]), m)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Form returns a submission's form with its content type and attachments.
func (j *Journal) Form(ctx context.Context, id ID) (form []byte, contentType string, attachments []File, err error) {
	err = j.read(ctx, func(c *conn) error {
		const sql = "SELECT s.ctype, s.files, f.body, f.digest FROM submission s JOIN form f ON f.id=s.id WHERE s.id=?"
		found, err := c.one(sql, []any{id}, func(row []driver.Value) (err error) {
			contentType, form = usualType, bytesOf(row[2])
			if row[0] != nil {
				contentType = text(row[0])
			}
			if d := bytesOf(row[3]); d != nil {
				if form, err = j.largeForm(d); err != nil {
					return err
				}
			}
			attachments, err = decodeFiles(text(row[1]))
			return err
		})
		if err == nil && !found {
			err = fmt.Errorf("submission %s: %w", id, ErrNotFound)
		}
		return err
	})
	return form, contentType, attachments, err
}
