package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

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
	Last  ID
	Seqs  map[string]int64 // last used batch number by target
}

// Restored makes the journal in dir, which no agent may have open, one that was restored from a backup: of this
// program's version, in an epoch that was never used, held until an operator releases it, and with numbers above
// everything that is known to be used.
func Restored(ctx context.Context, dir string, r Restoring) (epoch int64, err error) {
	e := sqlite.New(filepath.Join(dir, fileName))
	c, err := e.Writer()
	if err != nil {
		return 0, fault(e, "open the restored journal", err)
	}
	defer func() { err = errors.Join(fault(e, "prepare the restored journal", err), c.Close()) }()
	if err := e.Migrate(c); err != nil {
		return 0, err
	}
	if err := c.Begin(); err != nil {
		return 0, err
	}
	l := &look{c: c}
	epoch = l.restored(r)
	if l.err != nil {
		_, _ = c.Exec("ROLLBACK") // the first error is the one that matters
		return 0, l.err
	}
	if _, err := c.Exec("COMMIT"); err != nil {
		return 0, err
	}
	_, err = e.Flush(c)
	return epoch, errors.Join(ctx.Err(), err)
}

func (l *look) restored(r Restoring) (used int64) {
	prior := r.Prior
	if prior == nil {
		prior = &Prior{}
	}
	// Seconds since 1970: higher than any epoch before, also one that a journal had which nobody has any more.
	used = max(max(l.number(epoch), prior.Epoch)+1, r.Now.Unix())
	// Microseconds: no agent writes a million events a second, so that none of these numbers was ever told.
	seq := max(max(l.number(lastEvent), prior.Seq)+1, r.Now.UnixMicro())
	last := max(firstAt(r.Now)|ID(1<<idLow-1), prior.Last)
	backup := l.number("SELECT coalesce((SELECT min(backup) FROM hold WHERE released=0), ?)", int64(math.MaxInt64))
	t := &tx{look: l}
	t.exec("INSERT INTO meta(key, value) VALUES('epoch', ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", used)
	t.exec(raiseMeta, "last-id", last)
	t.exec("INSERT INTO tally(kind, a, b, n) VALUES(4, 0, 0, ?) ON CONFLICT(kind, a, b) DO UPDATE SET n=excluded.n", seq)
	t.exec(raiseMeta, "backup", r.Backup)
	t.exec("DELETE FROM hold")
	t.exec("INSERT INTO hold(id, backup, restored, gathered, released, by, file) VALUES(1, ?, ?, 0, 0, '', ?)", min(backup, r.Backup.UnixNano()), r.Now, r.File)
	for target, n := range prior.Seqs {
		t.exec(raiseMeta, seqOfKey+target, n)
	}
	return used
}

// lastEvent is the last event's number.
const lastEvent = "SELECT coalesce((SELECT n FROM tally WHERE kind=4), 0)"

// PriorOf reads what a journal that is about to be replaced still knows. It changes nothing.
func PriorOf(ctx context.Context, dir string) (*Prior, error) {
	j, err := OpenReadOnly(ctx, dir, Options{})
	if err != nil {
		return nil, err
	}
	p := &Prior{Seqs: map[string]int64{}}
	err = j.read(ctx, func(l *look) {
		p.Epoch, p.Seq, p.Last = l.number(epoch), l.number(lastEvent), value[ID](l, lastID)
		type seq struct {
			Target string
			Last   int64
		}
		used := func(s seq) { p.Seqs[s.Target] = max(p.Seqs[s.Target], s.Last) }
		each(l, "SELECT substr(key, 5), value FROM meta WHERE key LIKE 'seq:%'", nil, used)
		each(l, "SELECT w.text, max(b.seq) FROM batch b JOIN word w ON w.id=b.target GROUP BY w.text", nil, used)
	})
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, fmt.Errorf("read the journal that is replaced: %w", err)
	}
	return p, nil
}

// Version is the version of the tables that this program writes, and the highest it reads.
func Version() int { return int((*sqlite.Engine)(nil).Newest()) }
