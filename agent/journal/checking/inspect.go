package checking

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/engine/sqlite"
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
	journal.Plan
	Open int64 // submissions that still need it to be delivered
}

// Inspect looks at the journal in dir and changes nothing. With whole it reads all of it for damage, which
// takes its time. A journal that is not there is fs.ErrNotExist.
func Inspect(ctx context.Context, dir string, whole bool) (i Inspection, err error) {
	i.Known = int64(journal.Version())
	path, err := filepath.Abs(filepath.Join(dir, journal.FileName))
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
	if i.Locked, i.Holder, err = journal.LockedBy(dir); err != nil {
		i.LockUnknown = true
	}
	if f, err := os.Open(path); err != nil { // SQLite would not say why
		return i, err
	} else if err := f.Close(); err != nil {
		return i, err
	}
	e := sqlite.ReadOnly(path)
	c, err := e.Reader()
	if err != nil {
		return i, journal.FaultOf(e, "look at the journal", err)
	}
	err = i.read(ctx, e, c, whole)
	return i, journal.FaultOf(e, "look at the journal", errors.Join(err, c.Close()))
}

// read asks only for what every version has.
func (i *Inspection) read(ctx context.Context, e engine.Engine, c *engine.Conn, whole bool) (err error) {
	if i.Version, err = e.Version(c); err != nil || i.Version == 0 || i.Version > i.Known {
		return err
	}
	l := journal.NewLook(c)
	i.Epoch, i.Backup = l.Number(journal.Epoch), journal.Value[time.Time](l, journal.LastBackup)
	i.Newest = journal.Value[time.Time](l, "SELECT changed FROM submission ORDER BY id DESC LIMIT 1")
	i.Held = i.Version >= journal.HoldVersion && l.Is(journal.HeldNow)
	// The mappings that were used, with how many submissions are on their way by each: through the small indexes over what is open and
	// parked, since the journal may hold millions that are done.
	i.Plans = journal.All[PlanUse](l, `SELECT digest, name, version, bundle, coalesce(n, 0) FROM plan LEFT JOIN
		(SELECT s.plan AS used_by, count(*) AS n FROM (SELECT sub AS id FROM delivery /*by delivery_open*/ WHERE state<10
		UNION SELECT id FROM submission /*by submission_parked*/ WHERE state=6) o CROSS JOIN submission s ON s.id=o.id GROUP BY s.plan) open ON used_by=plan.id
		WHERE used=1 ORDER BY name, version`)
	if l.Err != nil || !whole {
		return l.Err
	}
	damage, err := e.Damage(ctx, c, false, 1)
	i.Damage = strings.Join(damage, "; ")
	return err
}

// Trail is one line of the history without its texts.
type Trail struct {
	At     time.Time
	ID     journal.ID
	What   string
	Target string
	Code   string
}

// Trail returns the last lines of the history of all submissions, newest first.
func (j Checks) Trail(ctx context.Context, limit int) ([]Trail, error) {
	return journal.Ask[Trail](ctx, j.Journal, "SELECT at, sub, what, target, code FROM history ORDER BY n DESC LIMIT ?", limit)
}
