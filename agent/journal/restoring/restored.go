package restoring

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine/sqlite"
)

// Restoring is what becomes of a journal that comes out of a backup.
type Restoring struct {
	Backup time.Time // when the backup was made
	Now    time.Time
	File   string // base name of the backup
	Prior  *Prior // what the journal that it replaces still knows; nil: there is none, or it cannot be read
}

// Prior is what a journal that is about to be replaced knows beyond a backup: numbers that are used.
type Prior struct {
	Epoch int64
	Seq   int64
	Last  journal.ID
	Seqs  map[string]int64 // last used batch number by target
}

// Restored makes the journal in dir, which no agent may have open, one that was restored from a backup: of this
// program's version, in an epoch that was never used, held until an operator releases it, and with numbers above
// everything that is known to be used.
func Restored(ctx context.Context, dir string, r Restoring) (epoch int64, err error) {
	e := sqlite.New(filepath.Join(dir, journal.FileName))
	c, err := e.Writer()
	if err != nil {
		return 0, journal.FaultOf(e, "open the restored journal", err)
	}
	defer func() { err = errors.Join(journal.FaultOf(e, "prepare the restored journal", err), c.Close()) }()
	if err := e.Migrate(c); err != nil {
		return 0, err
	}
	if err := c.Begin(); err != nil {
		return 0, err
	}
	l := journal.NewLook(c)
	epoch = restored(l, r)
	if l.Err != nil {
		_, _ = c.Exec("ROLLBACK") // the first error is the one that matters
		return 0, l.Err
	}
	if _, err := c.Exec("COMMIT"); err != nil {
		return 0, err
	}
	_, err = e.Flush(c)
	return epoch, errors.Join(ctx.Err(), err)
}

func restored(l *journal.Look, r Restoring) (used int64) {
	prior := r.Prior
	if prior == nil {
		prior = &Prior{}
	}
	// Seconds since 1970: higher than any epoch before, also one that a journal had which nobody has any more.
	used = max(max(l.Number(journal.Epoch), prior.Epoch)+1, r.Now.Unix())
	// Microseconds: no agent writes a million events a second, so that none of these numbers was ever told.
	seq := max(max(l.Number(journal.LastEvent), prior.Seq)+1, r.Now.UnixMicro())
	last := max(journal.FirstAt(r.Now)|journal.ID(1<<journal.IDLow-1), prior.Last)
	backup := l.Number("SELECT coalesce((SELECT min(backup) FROM hold WHERE released=0), ?)", int64(math.MaxInt64))
	t := journal.NewTx(l)
	t.Exec("INSERT INTO meta(key, value) VALUES('epoch', ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", used)
	t.Exec(journal.RaiseMeta, "last-id", last)
	t.Exec("INSERT INTO tally(kind, a, b, n) VALUES(4, 0, 0, ?) ON CONFLICT(kind, a, b) DO UPDATE SET n=excluded.n", seq)
	t.Exec(journal.RaiseMeta, "backup", r.Backup)
	t.Exec("DELETE FROM hold")
	t.Exec("INSERT INTO hold(id, backup, restored, gathered, released, by, file) VALUES(1, ?, ?, 0, 0, '', ?)", min(backup, r.Backup.UnixNano()), r.Now, r.File)
	for target, n := range prior.Seqs {
		t.Exec(journal.RaiseMeta, journal.SeqOfKey+target, n)
	}
	return used
}

// PriorOf reads what a journal that is about to be replaced still knows. It changes nothing.
func PriorOf(ctx context.Context, dir string) (*Prior, error) {
	j, err := journal.OpenReadOnly(ctx, dir, journal.Options{})
	if err != nil {
		return nil, err
	}
	p := &Prior{Seqs: map[string]int64{}}
	err = j.Read(ctx, func(l *journal.Look) {
		p.Epoch, p.Seq, p.Last = l.Number(journal.Epoch), l.Number(journal.LastEvent), journal.Value[journal.ID](l, journal.LastID)
		type seq struct {
			Target string
			Last   int64
		}
		used := func(s seq) { p.Seqs[s.Target] = max(p.Seqs[s.Target], s.Last) }
		journal.Each(l, "SELECT substr(key, 5), value FROM meta WHERE key LIKE 'seq:%'", nil, used)
		journal.Each(l, "SELECT w.text, max(b.seq) FROM batch b JOIN word w ON w.id=b.target GROUP BY w.text", nil, used)
	})
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, fmt.Errorf("read the journal that is replaced: %w", err)
	}
	return p, nil
}
