package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Garbage returns content that was referred to by what is purged, at most limit pieces of it after a digest.
func (j *Journal) Garbage(ctx context.Context, after connectors.Digest, limit int) (digests []connectors.Digest, err error) {
	err = j.read(ctx, func(c *conn) error {
		return c.query("SELECT digest FROM garbage WHERE digest>? ORDER BY digest LIMIT ?", []any{after[:], limit}, func(row []driver.Value) error {
			digests = append(digests, connectors.Digest(bytesOf(row[0])))
			return nil
		})
	})
	return digests, err
}

// Collected forgets garbage: its content is removed, or something refers to it after all.
func (j *Journal) Collected(ctx context.Context, digests []connectors.Digest) error {
	return j.do(ctx, "forget garbage", func(t *tx) error {
		for _, d := range digests {
			if _, err := t.c.exec("DELETE FROM garbage WHERE digest=?", d[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unreferenced returns those of the digests that nothing in the journal refers to. It reads all references page
// by page, so that it holds up nobody; what is accepted meanwhile may be missed.
func (j *Journal) Unreferenced(ctx context.Context, digests []connectors.Digest) ([]connectors.Digest, error) {
	left := make(map[connectors.Digest]bool, len(digests))
	for _, d := range digests {
		left[d] = true
	}
	err := j.References(ctx, func(_ ID, f File) error {
		delete(left, f.Digest)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]connectors.Digest, 0, len(left))
	for _, d := range digests {
		if left[d] {
			out = append(out, d)
			delete(left, d)
		}
	}
	return out, nil
}

// pageOfReferences is how many rows one look at the references takes.
const pageOfReferences = 2000

// References calls f for everything in the content store that the journal refers to. The ID is 0 for the file of
// a batch and for the documents of a result without a submission; a large form and a batch have no name.
func (j *Journal) References(ctx context.Context, f func(ID, File) error) error {
	list := func(row []driver.Value) error {
		files, err := decodeFiles(text(row[2]))
		for n := range files {
			if err == nil {
				err = f(ID(max(integer(row[1]), 0)), files[n])
			}
		}
		return err
	}
	blob := func(row []driver.Value) error {
		return f(ID(integer(row[1])), File{Digest: connectors.Digest(bytesOf(row[2])), Size: integer(row[3])})
	}
	for _, q := range []struct {
		sql string
		row func([]driver.Value) error
	}{
		{"SELECT id, id, files FROM submission INDEXED BY submission_files WHERE files IS NOT NULL AND id>? ORDER BY id LIMIT ?", list},
		{"SELECT n, sub, documents FROM result INDEXED BY result_documents WHERE documents IS NOT NULL AND n>? ORDER BY n LIMIT ?", list},
		{"SELECT rowid, 0, digest, size FROM batch WHERE gone=0 AND rowid>? ORDER BY rowid LIMIT ?", blob},
	} {
		if err := j.pages(ctx, q.sql, q.row); err != nil {
			return err
		}
	}
	return j.largeForms(ctx, f)
}

// pages reads a query page by page, each in a snapshot of its own. Its first column is what a page goes on after.
func (j *Journal) pages(ctx context.Context, sql string, each func(row []driver.Value) error) error {
	last := int64(0)
	for more := true; more; {
		seen := 0
		err := j.read(ctx, func(c *conn) error {
			return c.query(sql, []any{last, pageOfReferences}, func(row []driver.Value) error {
				last = integer(row[0])
				seen++
				return each(row)
			})
		})
		if err != nil {
			return err
		}
		more = seen == pageOfReferences
	}
	return nil
}

// largeForms goes by digest: among forms those that lie in the content store are few, and only their index has
// them side by side.
func (j *Journal) largeForms(ctx context.Context, f func(ID, File) error) error {
	digest := []byte{}
	last := ID(0)
	for more := true; more; {
		seen := 0
		err := j.read(ctx, func(c *conn) error {
			const sql = "SELECT digest, id FROM form INDEXED BY form_large WHERE digest IS NOT NULL AND (digest, id)>(?, ?) ORDER BY digest, id LIMIT ?"
			return c.query(sql, []any{digest, last, pageOfReferences}, func(row []driver.Value) error {
				digest, last = bytes.Clone(bytesOf(row[0])), ID(integer(row[1]))
				seen++
				return f(last, File{Digest: connectors.Digest(digest), Size: -1})
			})
		})
		if err != nil {
			return err
		}
		more = seen == pageOfReferences
	}
	return nil
}

// Certificate proves what a purge took away: how much, of when, and a digest over the IDs, which their tombstones
// keep.
type Certificate struct {
	Run    int64     `json:"run"`
	Count  int64     `json:"count"`
	From   time.Time `json:"from"`  // acceptance of the first
	To     time.Time `json:"to"`    // and of the last
	First  time.Time `json:"first"` // when the purge took away the first
	Last   time.Time `json:"last"`
	Digest string    `json:"digest"` // SHA-256 in hex over the IDs in order, each with a line feed
	By     string    `json:"by,omitempty"`
}

// certified is the mark of the last purge that is on record.
const certified = "purge-certified"

// Uncertified returns the numbers of purges that took something away and are not on record yet.
func (j *Journal) Uncertified(ctx context.Context) (runs []int64, err error) {
	err = j.read(ctx, func(c *conn) error {
		last, err := c.number("SELECT value FROM meta WHERE key='purge-run'")
		if err != nil {
			return err
		}
		done, err := c.number("SELECT value FROM meta WHERE key=?", certified)
		if err != nil || done >= last {
			return err
		}
		return c.query("SELECT DISTINCT run FROM tombstone WHERE run>? ORDER BY run", []any{done}, func(row []driver.Value) error {
			runs = append(runs, integer(row[0]))
			return nil
		})
	})
	return runs, err
}

// Certify tells what a purge took away, from the tombstones.
func (j *Journal) Certify(ctx context.Context, run int64) (cert Certificate, err error) {
	cert.Run = run
	h := sha256.New()
	err = j.read(ctx, func(c *conn) error {
		return c.query("SELECT id, at, purged, by FROM tombstone WHERE run=? ORDER BY id", []any{run}, func(row []driver.Value) error {
			cert.Count++
			fmt.Fprintf(h, "%s\n", ID(integer(row[0])))
			at, gone := instant(row[1]), instant(row[2])
			if cert.Count == 1 {
				cert.From, cert.First = at, gone
			}
			cert.To, cert.Last, cert.By = at, gone, text(row[3])
			return ctx.Err()
		})
	})
	cert.Digest = hex.EncodeToString(h.Sum(nil))
	return cert, err
}

// Certified notes that all purges up to a number are on record.
func (j *Journal) Certified(ctx context.Context, run int64) error {
	return j.do(ctx, "note a certificate", func(t *tx) error {
		_, err := t.c.exec(setMeta, certified, run)
		return err
	})
}
