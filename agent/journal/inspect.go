package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/engine/sqlite"
	"github.com/inbasket/inbasket/connectors"
)

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
	i.Known = int64(Version())
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
	e := sqlite.ReadOnly(path)
	c, err := e.Reader()
	if err != nil {
		return i, fault(e, "look at the journal", err)
	}
	err = i.read(ctx, e, c, whole)
	return i, fault(e, "look at the journal", errors.Join(err, c.Close()))
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
func (i *Inspection) read(ctx context.Context, e engine.Engine, c *engine.Conn, whole bool) (err error) {
	if i.Version, err = e.Version(c); err != nil || i.Version == 0 || i.Version > i.Known {
		return err
	}
	if i.Epoch, err = c.Number("SELECT value FROM meta WHERE key='epoch'"); err != nil {
		return err
	}
	if i.Backup, err = engine.Value[time.Time](c, "SELECT value FROM meta WHERE key='backup'"); err != nil {
		return err
	}
	if i.Newest, err = engine.Value[time.Time](c, "SELECT changed FROM submission ORDER BY id DESC LIMIT 1"); err != nil {
		return err
	}
	if i.Version >= holdVersion {
		if i.Held, err = engine.Value[bool](c, "SELECT count(*) FROM hold WHERE released=0"); err != nil {
			return err
		}
	}
	if err := i.readPlans(c); err != nil || !whole {
		return err
	}
	damage, err := e.Damage(ctx, c, false, 1)
	i.Damage = strings.Join(damage, "; ")
	return err
}

// readPlans reads the mappings that were used, with how many submissions are on their way by each.
func (i *Inspection) readPlans(c *engine.Conn) error {
	type count struct{ Plan, Open int64 }
	open := map[int64]int64{}
	// Through the small indexes over what is open and parked: the journal may hold millions that are done.
	const sql = `SELECT s.plan, count(*) FROM (SELECT sub AS id FROM delivery /*by delivery_open*/ WHERE state<10
		UNION SELECT id FROM submission /*by submission_parked*/ WHERE state=6) o CROSS JOIN submission s ON s.id=o.id GROUP BY s.plan`
	err := engine.Each(c, sql, nil, func(n count) error { open[n.Plan] = n.Open; return nil })
	if err != nil {
		return err
	}
	return engine.Each(c, "SELECT digest, name, version, bundle, id FROM plan WHERE used=1 ORDER BY name, version", nil, func(p struct {
		Digest  connectors.Digest
		Name    string
		Version int
		Bundle  []byte
		ID      int64
	}) error {
		i.Plans = append(i.Plans, PlanUse{Plan{p.Digest, p.Name, p.Version, p.Bundle}, open[p.ID]})
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
	err = j.read(ctx, func(c *engine.Conn) error {
		list, err = engine.All[Trail](c, "SELECT at, sub, what, target, code FROM history ORDER BY n DESC LIMIT ?", limit)
		return err
	})
	return list, err
}
