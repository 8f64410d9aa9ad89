package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// checkpointPages is how long the write-ahead log grows before it is copied back: 10 MiB in pages of 8 KiB.
// Pages of that size hold several usual forms each and cost a quarter less than the usual 4 KiB.
const checkpointPages = 1250

// Trim copies the log back once it is long enough.
func (e *Engine) Trim(c *engine.Conn) error {
	log, err := engine.Value[struct{ Busy, Pages, Copied int64 }](c, "PRAGMA wal_checkpoint(NOOP)")
	if err != nil || log.Pages-log.Copied < checkpointPages {
		return err
	}
	return pragma(c, "wal_checkpoint(PASSIVE)")
}

// Flush copies the whole log back and empties it.
func (e *Engine) Flush(c *engine.Conn) (done bool, err error) {
	busy, err := c.Number("PRAGMA wal_checkpoint(TRUNCATE)")
	return busy == 0, err
}

// Damage has SQLite look at its file.
func (e *Engine) Damage(ctx context.Context, c *engine.Conn, full bool, most int) (found []string, err error) {
	check := "quick_check"
	if full {
		check = "integrity_check"
	}
	err = engine.Each(c, fmt.Sprintf("PRAGMA %s(%d)", check, most), nil, func(s string) error {
		if s != "ok" {
			s, _, _ = strings.Cut(strings.TrimPrefix(s, "*** in database main ***\n"), "\n")
			found = append(found, s)
		}
		return ctx.Err()
	})
	return found, err
}

// Size returns the bytes of the file and its log.
func (e *Engine) Size() (int64, error) {
	info, err := os.Stat(e.path)
	if err != nil {
		return 0, err
	}
	log, err := os.Stat(e.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return info.Size(), nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size() + log.Size(), nil
}

// SpaceToCompact is a copy of what is used in a temporary file, and the same in the log.
func (e *Engine) SpaceToCompact(c *engine.Conn) (int64, error) {
	pages, err := c.Number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	unused, err := c.Number("PRAGMA freelist_count")
	if err != nil {
		return 0, err
	}
	size, err := c.Number("PRAGMA page_size")
	return 2 * (pages - unused) * (size + 24), err // 24 bytes are the head of a page in the log
}

// Compact writes the file anew, and empties the log as far as readers let it. The copy that SQLite works with lies beside the
// journal, not in memory, and not in a folder for temporary files that others may read.
func (e *Engine) Compact(c *engine.Conn) (err error) {
	dir := strings.ReplaceAll(filepath.Dir(e.path), "'", "''")
	defer func() { err = errors.Join(err, pragma(c, "temp_store_directory=''"), pragma(c, "temp_store=MEMORY")) }()
	if err := errors.Join(pragma(c, "temp_store=FILE"), pragma(c, "temp_store_directory='"+dir+"'")); err != nil {
		return err
	}
	if _, err := c.Exec("VACUUM"); err != nil {
		return err
	}
	_, err = e.Flush(c)
	return err
}

// Copy runs VACUUM INTO, which reads within one transaction and so blocks nobody. After an error nothing is left at path.
func (e *Engine) Copy(ctx context.Context, path string) (err error) {
	c, err := open(e.path, e.mode, "busy_timeout=10000", "temp_store=FILE", "cache_size=-4096")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, c.Close())
		if err != nil {
			_ = os.Remove(path) // what is half is of no use
		}
	}()
	c.Session.(*session).c.SetInterrupt(ctx.Done())
	if _, err := c.Exec("VACUUM INTO ?", path); err != nil {
		return errors.Join(ctx.Err(), err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// contents are all digests that the journal refers to, each once and in order; %s leaves out batches whose file was purged.
const contents = `SELECT digest FROM form WHERE digest IS NOT NULL
	UNION SELECT digest FROM batch %s
	UNION SELECT unhex(json_extract(f.value, '$.digest')) FROM submission s, json_each(s.files) f WHERE s.files IS NOT NULL
	UNION SELECT unhex(json_extract(f.value, '$.digest')) FROM result r, json_each(r.documents) f WHERE r.documents IS NOT NULL
	ORDER BY 1`

// Contents has SQLite sort the digests on disk: there may be more than memory holds.
func (e *Engine) Contents(c *engine.Conn, each func(digest []byte) error) error {
	version, err := e.Version(c)
	if err != nil {
		return err
	}
	there := ""
	if version >= 3 {
		there = "WHERE gone=0"
	}
	return engine.Each(c, fmt.Sprintf(contents, there), nil, each)
}
