package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"
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
	c, err := openWriter(filepath.Join(dir, fileName))
	if err != nil {
		return 0, fault("open the restored journal", err)
	}
	defer func() { err = errors.Join(fault("prepare the restored journal", err), c.close()) }()
	if err := migrate(c); err != nil {
		return 0, err
	}
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return 0, err
	}
	if epoch, err = restored(c, r); err != nil {
		_, _ = c.exec("ROLLBACK") // the first error is the one that matters
		return 0, err
	}
	if _, err := c.exec("COMMIT"); err != nil {
		return 0, err
	}
	return epoch, errors.Join(ctx.Err(), c.query("PRAGMA wal_checkpoint(TRUNCATE)", nil, func([]driver.Value) error { return nil }))
}

func restored(c *conn, r Restoring) (epoch int64, err error) {
	prior := r.Prior
	if prior == nil {
		prior = &Prior{}
	}
	// Seconds since 1970: higher than any epoch before, also one that a journal had which nobody has any more.
	if epoch, err = c.number("SELECT max((SELECT value FROM meta WHERE key='epoch'), ?)+1", prior.Epoch); err != nil {
		return 0, err
	}
	epoch = max(epoch, r.Now.Unix())
	// Microseconds: no agent writes a million events a second, so that none of these numbers was ever told.
	seq, err := c.number("SELECT max(coalesce((SELECT n FROM tally WHERE kind=4), 0), ?)", prior.Seq)
	if err != nil {
		return 0, err
	}
	seq = max(seq+1, r.Now.UnixMicro())
	last := max(ID(max(r.Now.UnixMilli()-idEpoch, 1))<<idLow|ID(1<<idLow-1), prior.Last)
	backup, err := c.number("SELECT coalesce((SELECT min(backup) FROM hold WHERE released=0), ?)", int64(math.MaxInt64))
	if err != nil {
		return 0, err
	}
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO meta(key, value) VALUES('epoch', ?) ON CONFLICT DO UPDATE SET value=excluded.value", []any{epoch}},
		{setMeta, []any{"last-id", last}},
		{"INSERT INTO tally(kind, a, b, n) VALUES(4, 0, 0, ?) ON CONFLICT DO UPDATE SET n=excluded.n", []any{seq}},
		{setMeta, []any{"backup", r.Backup}},
		{"DELETE FROM hold", nil},
		{"INSERT INTO hold(id, backup, restored, gathered, released, by, file) VALUES(1, ?, ?, 0, 0, '', ?)", []any{min(backup, r.Backup.UnixNano()), r.Now, r.File}},
	} {
		if _, err := c.exec(s.sql, s.args...); err != nil {
			return 0, err
		}
	}
	for target, n := range prior.Seqs {
		if _, err := c.exec(setMeta, seqOfKey+target, n); err != nil {
			return 0, err
		}
	}
	return epoch, nil
}

// PriorOf reads what a journal that is about to be replaced still knows. It changes nothing.
func PriorOf(ctx context.Context, dir string) (*Prior, error) {
	j, err := OpenReadOnly(ctx, dir, Options{})
	if err != nil {
		return nil, err
	}
	p := &Prior{Seqs: map[string]int64{}}
	err = j.read(ctx, func(c *conn) (err error) {
		if p.Epoch, err = c.number("SELECT value FROM meta WHERE key='epoch'"); err != nil {
			return err
		}
		if p.Seq, err = c.number("SELECT coalesce((SELECT n FROM tally WHERE kind=4), 0)"); err != nil {
			return err
		}
		last, err := c.number("SELECT max((SELECT value FROM meta WHERE key='last-id'), coalesce((SELECT max(id) FROM submission), 0))")
		p.Last = ID(last)
		if err != nil {
			return err
		}
		err = c.query("SELECT substr(key, 5), value FROM meta WHERE key LIKE 'seq:%'", nil, func(row []driver.Value) error {
			p.Seqs[text(row[0])] = integer(row[1])
			return nil
		})
		if err != nil {
			return err
		}
		return c.query("SELECT target, max(seq) FROM batch GROUP BY target", nil, func(row []driver.Value) error {
			name := j.name(c, row[0])
			p.Seqs[name] = max(p.Seqs[name], integer(row[1]))
			return nil
		})
	})
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, fmt.Errorf("read the journal that is replaced: %w", err)
	}
	return p, nil
}

// Version is the version of the tables that this program writes, and the highest it reads.
func Version() int { return len(migrations) }
