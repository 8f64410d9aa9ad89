package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// FileName is how the journal's file is called in its folder, also within a backup.
const FileName = fileName

// About is what a backup tells of the journal in it.
type About struct {
	Schema      int       `json:"schema"` // version of its tables
	Epoch       int64     `json:"epoch"`
	Seq         int64     `json:"seq"` // last event's number
	Submissions int64     `json:"submissions"`
	Events      int64     `json:"events"`
	Results     int64     `json:"results"`
	Last        time.Time `json:"last,omitzero"` // acceptance of the newest submission
	Held        bool      `json:"held,omitempty"`
}

// Snapshot writes a consistent copy of the journal to path, which must not exist. The writer goes on
// meanwhile. On return the copy is on disk; after an error nothing is left at path.
func (j *Journal) Snapshot(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("snapshot of the journal: %w", fs.ErrExist)
	}
	c, err := open(j.path, j.mode, "busy_timeout=10000", "temp_store=FILE", "cache_size=-4096")
	if err != nil {
		return fault("copy the journal", err)
	}
	defer func() {
		err = errors.Join(err, c.close())
		if err != nil {
			_ = os.Remove(path) // what is half is of no use
		}
	}()
	if err := c.into(ctx, path); err != nil {
		return fault("copy the journal", err)
	}
	return fault("copy the journal", syncFile(path))
}

// into runs VACUUM INTO, which reads within one transaction and so blocks nobody.
func (c *conn) into(ctx context.Context, path string) error {
	s, err := c.stmt("VACUUM INTO ?")
	if err != nil {
		return err
	}
	_, err = s.(driver.StmtExecContext).ExecContext(ctx, c.bind([]any{path}))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// About tells what the journal holds.
func (j *Journal) About(ctx context.Context) (a About, err error) {
	err = j.read(ctx, func(c *conn) error {
		version, err := c.number("PRAGMA user_version")
		if err != nil {
			return err
		}
		a.Schema = int(version)
		for _, n := range []struct {
			to  *int64
			sql string
		}{
			{&a.Epoch, "SELECT value FROM meta WHERE key='epoch'"},
			{&a.Seq, "SELECT coalesce((SELECT n FROM tally WHERE kind=4), 0)"},
			{&a.Submissions, "SELECT count(*) FROM submission"},
			{&a.Events, "SELECT count(*) FROM event"},
			{&a.Results, "SELECT count(*) FROM result"},
		} {
			if *n.to, err = c.number(n.sql); err != nil {
				return err
			}
		}
		last, err := c.number("SELECT coalesce((SELECT at FROM submission ORDER BY id DESC LIMIT 1), 0)")
		if err != nil {
			return err
		}
		a.Last = instant(last)
		if version >= holdVersion {
			held, err := c.number("SELECT count(*) FROM hold WHERE released=0")
			a.Held = held > 0
			return err
		}
		return nil
	})
	return a, err
}

// contents are all digests that the journal refers to, each once and in order; %s leaves out batches whose file was purged.
const contents = `SELECT digest FROM form WHERE digest IS NOT NULL
	UNION SELECT digest FROM batch %s
	UNION SELECT unhex(json_extract(f.value, '$.digest')) FROM submission s, json_each(s.files) f WHERE s.files IS NOT NULL
	UNION SELECT unhex(json_extract(f.value, '$.digest')) FROM result r, json_each(r.documents) f WHERE r.documents IS NOT NULL
	ORDER BY 1`

// Contents calls each for everything in the content store that the journal refers to, in the order of digests.
func (j *Journal) Contents(ctx context.Context, each func(connectors.Digest) error) error {
	return j.read(ctx, func(c *conn) error {
		version, err := c.number("PRAGMA user_version")
		if err != nil {
			return err
		}
		there := ""
		if version >= graveVersion {
			there = "WHERE gone=0"
		}
		return c.query(fmt.Sprintf(contents, there), nil, func(row []driver.Value) error {
			var d connectors.Digest
			if len(bytesOf(row[0])) != len(d) {
				return ctx.Err() // purged, or a reference that never was one
			}
			copy(d[:], bytesOf(row[0]))
			return errors.Join(each(d), ctx.Err())
		})
	})
}

// Lock keeps every agent from opening the journal in dir until release; ErrLocked says that one has it open. In a
// folder without a journal there is nothing to lock.
func Lock(dir string) (release func() error, err error) {
	if _, err := os.Stat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil // made here, it would belong to whoever runs this
	}
	l, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}
