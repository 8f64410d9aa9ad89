package purging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Garbage returns content that was referred to by what is purged, at most limit pieces of it after a digest.
func (j Purges) Garbage(ctx context.Context, after connectors.Digest, limit int) ([]connectors.Digest, error) {
	return journal.Ask[connectors.Digest](ctx, j.Journal, "SELECT digest FROM garbage WHERE digest>? ORDER BY digest LIMIT ?", after, limit)
}

// Collected forgets garbage: its content is removed, or something refers to it after all.
func (j Purges) Collected(ctx context.Context, digests []connectors.Digest) error {
	return j.Do(ctx, "forget garbage", func(t *journal.Tx) error {
		for _, d := range digests {
			t.Exec("DELETE FROM garbage WHERE digest=?", d)
		}
		return nil
	})
}

// Unreferenced returns those of the digests that nothing in the journal refers to. It reads all references page
// by page, so that it holds up nobody; what is accepted meanwhile may be missed.
func (j Purges) Unreferenced(ctx context.Context, digests []connectors.Digest) ([]connectors.Digest, error) {
	left := make(map[connectors.Digest]bool, len(digests))
	for _, d := range digests {
		left[d] = true
	}
	err := j.References(ctx, func(_ journal.ID, f journal.File) error {
		delete(left, f.Digest)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(digests), func(d connectors.Digest) bool {
		there := !left[d]
		delete(left, d) // once is enough
		return there
	}), nil
}

// pageOfReferences is how many rows one look at the references takes.
const pageOfReferences = 2000

// References calls f for everything in the content store that the journal refers to. The ID is 0 for the file of
// a batch and for the documents of a result without a submission; a large form and a batch have no name.
func (j Purges) References(ctx context.Context, f func(journal.ID, journal.File) error) error {
	list := func(r reference) error {
		for _, file := range r.Files {
			if err := f(max(r.Sub, 0), file); err != nil {
				return err
			}
		}
		return nil
	}
	blob := func(r reference) error { return f(r.Sub, journal.File{Digest: r.Digest, Size: r.Size}) }
	for _, q := range []struct {
		sql   string
		after func(*reference) []any
		each  func(reference) error
	}{
		{"SELECT id, 0, id, NULL, 0, files FROM submission /*by submission_files*/ WHERE files IS NOT NULL AND id>? ORDER BY id LIMIT ?",
			func(r *reference) []any { return []any{r.Key} }, list},
		{"SELECT n, 0, sub, NULL, 0, documents FROM result /*by result_documents*/ WHERE documents IS NOT NULL AND n>? ORDER BY n LIMIT ?",
			func(r *reference) []any { return []any{r.Key} }, list},
		{"SELECT target, seq, 0, digest, size, NULL FROM batch WHERE gone=0 AND (target, seq)>(?, ?) ORDER BY target, seq LIMIT ?",
			func(r *reference) []any { return []any{r.Key, r.Next} }, blob},
		// Large forms by digest: they are few among all forms, and only their index has them side by side.
		{"SELECT 0, 0, id, digest, -1, NULL FROM form /*by form_large*/ WHERE digest IS NOT NULL AND (digest, id)>(?, ?) ORDER BY digest, id LIMIT ?",
			func(r *reference) []any { return []any{r.Digest, r.Sub} }, blob},
	} {
		if err := pages(ctx, j.Journal, q.sql, q.after, q.each); err != nil {
			return err
		}
	}
	return nil
}

// reference is a row that refers to content, and by what a page goes on after it.
type reference struct {
	Key, Next int64
	Sub       journal.ID
	Digest    connectors.Digest
	Size      int64
	Files     []journal.File `col:"json"`
}

// pages reads a query page by page, each in a snapshot of its own. after are the arguments by which a page goes on after a row;
// of the zero row those of the first page.
func pages[T any](ctx context.Context, j *journal.Journal, sql string, after func(*T) []any, each func(T) error) error {
	var last T
	for {
		page, err := journal.Ask[T](ctx, j, sql, append(after(&last), pageOfReferences)...)
		if err != nil {
			return err
		}
		for _, last = range page {
			if err := each(last); err != nil {
				return err
			}
		}
		if len(page) < pageOfReferences {
			return nil
		}
	}
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
func (j Purges) Uncertified(ctx context.Context) ([]int64, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []int64 {
		const value = "SELECT value FROM meta WHERE key=?"
		done := l.Number(value, certified)
		if done >= l.Number(value, "purge-run") {
			return nil
		}
		return journal.All[int64](l, "SELECT DISTINCT run FROM tombstone WHERE run>? ORDER BY run", done)
	})
}

// Certify tells what a purge took away, from the tombstones.
func (j Purges) Certify(ctx context.Context, run int64) (cert Certificate, err error) {
	cert.Run = run
	h := sha256.New()
	err = j.Read(ctx, func(l *journal.Look) {
		journal.Each(l, "SELECT id, at, purged, by FROM tombstone WHERE run=? ORDER BY id", []any{run}, func(t struct {
			ID         journal.ID
			At, Purged time.Time
			By         string
		}) {
			cert.Count++
			fmt.Fprintf(h, "%s\n", t.ID)
			if cert.Count == 1 {
				cert.From, cert.First = t.At, t.Purged
			}
			cert.To, cert.Last, cert.By = t.At, t.Purged, t.By
			l.Fail(ctx.Err())
		})
	})
	cert.Digest = hex.EncodeToString(h.Sum(nil))
	return cert, err
}

// Certified notes that all purges up to a number are on record.
func (j Purges) Certified(ctx context.Context, run int64) error {
	return j.Put(ctx, "note a certificate", journal.RaiseMeta, certified, run)
}
