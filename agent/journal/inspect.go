package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// versionOfHold is the version of the journal that first knew of restores.
const versionOfHold = 2

// Inspection is what can be told of a journal without opening it as an agent does: of any version, also of a
// running agent's.
type Inspection struct {
	Version     int64 // of the file
	Known       int64 // the newest that this program knows
	Size        int64 // of the file, in bytes
	Log         int64 // of the write-ahead log, in bytes
	Locked      bool  // a process holds it
	LockUnknown bool  // this account may not ask
	Holder      int   // that process's ID; 0: unknown
	Epoch       int64
	Newest      time.Time // last change of a submission
	Backup      time.Time // when the last verified backup was made; zero: never
	Held        bool      // it was restored from a backup and nobody has released it
	Plans       []PlanUse // that something still needs
	Damage      string    // the first thing found wrong by a quick look; empty: nothing
}

// PlanUse is a mapping that submissions are pinned to.
type PlanUse struct {
	Plan
	Open int64 // submissions that still need it to be delivered
}

// Inspect looks at the journal in dir and changes nothing. With whole it reads all of it for damage, which
// takes its time. A journal that is not there is fs.ErrNotExist.
func Inspect(ctx context.Context, dir string, whole bool) (i Inspection, err error) {
	i.Known = int64(len(migrations))
	path, err := filepath.Abs(filepath.Join(dir, fileName))
	if err != nil {
		return i, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return i, err
	}
	i.Size = info.Size()
	if log, err := os.Stat(path + "-wal"); err == nil {
		i.Log = log.Size()
	}
	i.lookAtLock(dir)
	if f, err := os.Open(path); err != nil { // SQLite would not say why
		return i, err
	} else if err := f.Close(); err != nil {
		return i, err
	}
	c, err := openToLook(path)
	if err != nil {
		return i, fault("look at the journal", err)
	}
	err = i.read(ctx, c, whole)
	return i, fault("look at the journal", errors.Join(err, c.close()))
}

// openToLook opens a journal for reading, whatever its version is.
func openToLook(path string) (*conn, error) {
	mode := "mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		mode += "&immutable=1" // it was closed cleanly: nothing is made beside it
	}
	return open(path, mode, "busy_timeout=2000", "query_only=1")
}

// lookAtLock tries the lock and lets go at once; an agent that starts in this moment tries again by itself.
func (i *Inspection) lookAtLock(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		i.LockUnknown = true
		return
	}
	defer f.Close()
	if i.Locked, err = lockFile(f); err != nil {
		i.LockUnknown = true
	}
	if !i.Locked {
		return
	}
	b := make([]byte, 32)
	n, _ := f.Read(b) // for the message only
	i.Holder, _ = strconv.Atoi(strings.TrimSpace(string(b[:n])))
}

// read asks only for what every version has.
func (i *Inspection) read(ctx context.Context, c *conn, whole bool) (err error) {
	if i.Version, err = c.number("PRAGMA user_version"); err != nil || i.Version == 0 || i.Version > i.Known {
		return err
	}
	if i.Epoch, err = c.number("SELECT value FROM meta WHERE key='epoch'"); err != nil {
		return err
	}
	backup, err := c.number("SELECT value FROM meta WHERE key='backup'")
	if err != nil {
		return err
	}
	i.Backup = instant(backup)
	const newest = "SELECT changed FROM submission ORDER BY id DESC LIMIT 1"
	if _, err = c.one(newest, nil, func(row []driver.Value) error { i.Newest = instant(row[0]); return nil }); err != nil {
		return err
	}
	if i.Version >= versionOfHold {
		held, err := c.number("SELECT count(*) FROM hold WHERE released=0")
		if err != nil {
			return err
		}
		i.Held = held > 0
	}
	if err := i.readPlans(c); err != nil || !whole {
		return err
	}
	return c.query("PRAGMA quick_check(1)", nil, func(row []driver.Value) error {
		if s := text(row[0]); s != "ok" {
			i.Damage = s
		}
		return ctx.Err()
	})
}

// readPlans reads the mappings that were used, with how many submissions are on their way by each.
func (i *Inspection) readPlans(c *conn) error {
	open := map[int64]int64{}
	// Through the small indexes over what is open and parked: the journal may hold millions that are done.
	const sql = `SELECT s.plan, count(*) FROM (SELECT sub AS id FROM delivery INDEXED BY delivery_open WHERE state<10
		UNION SELECT id FROM submission INDEXED BY submission_parked WHERE state=6) o CROSS JOIN submission s ON s.id=o.id GROUP BY s.plan`
	err := c.query(sql, nil, func(row []driver.Value) error {
		open[integer(row[0])] = integer(row[1])
		return nil
	})
	if err != nil {
		return err
	}
	return c.query("SELECT id, digest, name, version, bundle FROM plan WHERE used=1 ORDER BY name, version", nil, func(row []driver.Value) error {
		p := PlanUse{Plan: Plan{Name: text(row[2]), Version: int(integer(row[3])), Bundle: bytesOf(row[4])}, Open: open[integer(row[0])]}
		copy(p.Digest[:], bytesOf(row[1]))
		i.Plans = append(i.Plans, p)
		return nil
	})
}

// Trail is one line of the history without its texts.
type Trail struct {
	At     time.Time
	ID     ID
	What   string
	Target string
	Code   string
}

// Trail returns the last lines of the history of all submissions, newest first.
func (j *Journal) Trail(ctx context.Context, limit int) (list []Trail, err error) {
	err = j.read(ctx, func(c *conn) error {
		return c.query("SELECT at, sub, what, target, code FROM history ORDER BY n DESC LIMIT ?", []any{limit}, func(row []driver.Value) error {
			list = append(list, Trail{At: instant(row[0]), ID: ID(integer(row[1])), What: text(row[2]), Target: text(row[3]), Code: text(row[4])})
			return nil
		})
	})
	return list, err
}
