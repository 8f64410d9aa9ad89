package journal

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// The first versions of the tables that know of restores, of purges, of what results said, and of compressed forms. A reader may
// meet older ones.
const (
	holdVersion   = 2
	purgeVersion  = 3
	resultVersion = 4
	formVersion   = 5
)

// Hold is the last restore of this journal from a backup. It is in force until an operator ends it: nothing is
// taken, delivered or told meanwhile.
type Hold struct {
	Backup        time.Time // when the backup was made; what happened after it, this journal does not know
	Restored      time.Time
	EvidenceFound time.Time // when evidence was last looked for; zero: not yet
	Released      time.Time // zero: in force
	By            string    // who ended it
	File          string    // base name of the backup
	Report        []byte    // what the evidence says, as the agent wrote it; nil: nothing yet
}

// Hold returns the last restore, or nil where the journal was never restored.
func (j *Journal) Hold(ctx context.Context) (h *Hold, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		if !j.has(holdVersion) {
			return nil
		}
		r, found, err := engine.One[Hold](c, "SELECT backup, restored, gathered, released, by, file, report FROM hold WHERE id=1")
		if found {
			h = &r
		}
		return err
	})
	return h, err
}

// Held tells whether a restore is in force. It asks no disk.
func (j *Journal) Held() bool { return j.held.Load() }

// KeepReport keeps what the evidence for a restored journal says.
func (j *Journal) KeepReport(ctx context.Context, report []byte) error {
	return j.do(ctx, "keep what a restore found", func(t *tx) error {
		_, err := t.c.Exec("UPDATE hold SET gathered=?, report=? WHERE id=1 AND released=0", t.now, string(report))
		return err
	})
}

// UncertainTarget names a target that cannot tell whether it got something between the backup and the restore.
type UncertainTarget struct {
	Target string
	Open   bool // also what this journal has as open for it
}

// Reread is something to be read again once a hold has ended.
type Reread struct {
	Kind  string // in-basket or results
	Name  string
	Since time.Time
}

// Ending is what an operator decides about a restored journal.
type Ending struct {
	By        string
	Seqs      map[string]int64 // last used sequence number by target
	Uncertain []UncertainTarget
	Rereads   []Reread
}

// ErrNotHeld says that there is no hold to end.
var ErrNotHeld = errors.New("the journal is not held")

// EndHold ends a hold, all or nothing: sequence numbers are raised, deliveries that may have been made after the
// backup become doubtful, and what is to be read again is noted.
func (j *Journal) EndHold(ctx context.Context, e Ending) error {
	err := j.do(ctx, "release a restored journal", func(t *tx) error { return t.endHold(e) })
	if err == nil {
		j.held.Store(false)
	}
	return err
}

func (t *tx) endHold(e Ending) error {
	n, err := t.c.Exec("UPDATE hold SET released=?, by=? WHERE id=1 AND released=0", t.now, e.By)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotHeld
	}
	for target, last := range e.Seqs {
		if _, err := t.c.Exec(raiseMeta, seqOfKey+target, last); err != nil {
			return err
		}
	}
	if _, err := t.c.Exec("DELETE FROM doubt"); err != nil {
		return err
	}
	for _, d := range e.Uncertain {
		if err := t.uncertain(d); err != nil {
			return err
		}
	}
	for _, r := range e.Rereads {
		const sql = "INSERT INTO reread(kind, name, since) VALUES(?, ?, ?) ON CONFLICT(kind, name) DO UPDATE SET since=excluded.since WHERE excluded.since<reread.since"
		if _, err := t.c.Exec(sql, r.Kind, r.Name, r.Since); err != nil {
			return err
		}
	}
	return t.j.loadAfterRestore(t.c)
}

// doubt makes doubtful what may have been delivered to a target after the backup.
func (t *tx) uncertain(d UncertainTarget) error {
	if _, err := t.c.Exec("INSERT INTO doubt(target, restored) VALUES(?, (SELECT restored FROM hold WHERE id=1))", d.Target); err != nil {
		return err
	}
	w, err := t.name(d.Target)
	if err != nil || !d.Open {
		return err
	}
	for _, from := range []states.Progress{states.Pending, states.Waiting, states.Batched} {
		n, err := t.c.Exec("UPDATE delivery SET state=? WHERE target=? AND state=? AND state<10", states.Doubtful, w, from)
		if err != nil {
			return err
		}
		t.count(tallyProgress, int64(w), int64(from), -n)
		t.count(tallyProgress, int64(w), int64(states.Doubtful), n)
	}
	_, err = t.c.Exec("UPDATE batch SET state=? WHERE target=? AND state=?", states.Doubtful, w, states.Batched)
	return err
}

// forgetRecalls drops names of forms that were to come again and never did: a form that bears such a name long after
// is another one.
func forgetRecalls(c *engine.Conn, now time.Time) error {
	const sql = `DELETE FROM recall WHERE NOT EXISTS(SELECT 1 FROM reread) AND EXISTS(SELECT 1 FROM hold WHERE released>0 AND released<?)`
	_, err := c.Exec(sql, now.Add(-recallDays))
	return err
}

// recallDays is how long a form may take to come again.
const recallDays = 7 * 24 * time.Hour

// Rereads returns what is still to be read again.
func (j *Journal) Rereads(ctx context.Context) (list []Reread, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		list, err = engine.All[Reread](c, "SELECT kind, name, since FROM reread ORDER BY kind, name")
		return err
	})
	return list, err
}

// RereadDone notes that something has been read again to its end.
func (j *Journal) RereadDone(ctx context.Context, kind, name string) error {
	return j.do(ctx, "note what was read again", func(t *tx) error {
		_, err := t.c.Exec("DELETE FROM reread WHERE kind=? AND name=?", kind, name)
		return err
	})
}

// NoteBackup remembers that a backup was made and verified.
func (j *Journal) NoteBackup(ctx context.Context, at time.Time) error {
	return j.do(ctx, "note a backup", func(t *tx) error {
		_, err := t.c.Exec(raiseMeta, "backup", at)
		return err
	})
}

// LastBackup returns when the last verified backup was made; zero: never.
func (j *Journal) LastBackup(ctx context.Context) (at time.Time, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		at, err = engine.Value[time.Time](c, "SELECT value FROM meta WHERE key='backup'")
		return err
	})
	return at, err
}
