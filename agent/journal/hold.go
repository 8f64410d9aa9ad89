package journal

import (
	"context"
	"errors"
	"time"

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
func (j *Journal) Hold(ctx context.Context) (*Hold, error) {
	return find(ctx, j, func(l *look) *Hold {
		if !l.has(holdVersion) {
			return nil
		}
		h, found := one[Hold](l, "SELECT backup, restored, gathered, released, by, file, report FROM hold WHERE id=1")
		if !found {
			return nil
		}
		return &h
	})
}

// Held tells whether a restore is in force. It asks no disk.
func (j *Journal) Held() bool { return j.held.Load() }

// KeepReport keeps what the evidence for a restored journal says.
func (j *Journal) KeepReport(ctx context.Context, report []byte) error {
	return j.put(ctx, "keep what a restore found", "UPDATE hold SET gathered=?, report=? WHERE id=1 AND released=0", j.clock.Now(), string(report))
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
	if t.exec("UPDATE hold SET released=?, by=? WHERE id=1 AND released=0", t.now, e.By) == 0 {
		return ErrNotHeld
	}
	for target, last := range e.Seqs {
		t.exec(raiseMeta, seqOfKey+target, last)
	}
	t.exec("DELETE FROM doubt")
	for _, d := range e.Uncertain {
		t.uncertain(d)
	}
	for _, r := range e.Rereads {
		const sql = "INSERT INTO reread(kind, name, since) VALUES(?, ?, ?) ON CONFLICT(kind, name) DO UPDATE SET since=excluded.since WHERE excluded.since<reread.since"
		t.exec(sql, r.Kind, r.Name, r.Since)
	}
	t.loadAfterRestore()
	return nil
}

// uncertain makes doubtful what may have been delivered to a target after the backup.
func (t *tx) uncertain(d UncertainTarget) {
	t.exec("INSERT INTO doubt(target, restored) VALUES(?, (SELECT restored FROM hold WHERE id=1))", d.Target)
	w := t.nameID(d.Target)
	if !d.Open {
		return
	}
	for _, from := range []states.Progress{states.Pending, states.Waiting, states.Batched} {
		n := t.exec("UPDATE delivery SET state=? WHERE target=? AND state=? AND state<10", states.Doubtful, w, from)
		t.count(tallyProgress, int64(w), int64(from), -n)
		t.count(tallyProgress, int64(w), int64(states.Doubtful), n)
	}
	t.exec("UPDATE batch SET state=? WHERE target=? AND state=?", states.Doubtful, w, states.Batched)
}

// forgetRecalls drops names of forms that were to come again and never did: a form that bears such a name long after
// is another one.
const forgetRecalls = "DELETE FROM recall WHERE NOT EXISTS(SELECT 1 FROM reread) AND EXISTS(SELECT 1 FROM hold WHERE released>0 AND released<?)"

// recallDays is how long a form may take to come again.
const recallDays = 7 * 24 * time.Hour

// Rereads returns what is still to be read again.
func (j *Journal) Rereads(ctx context.Context) ([]Reread, error) {
	return ask[Reread](ctx, j, "SELECT kind, name, since FROM reread ORDER BY kind, name")
}

// RereadDone notes that something has been read again to its end.
func (j *Journal) RereadDone(ctx context.Context, kind, name string) error {
	return j.put(ctx, "note what was read again", "DELETE FROM reread WHERE kind=? AND name=?", kind, name)
}

// NoteBackup remembers that a backup was made and verified.
func (j *Journal) NoteBackup(ctx context.Context, at time.Time) error {
	return j.put(ctx, "note a backup", raiseMeta, "backup", at)
}

// lastBackup is when the last verified backup was made.
const lastBackup = "SELECT value FROM meta WHERE key='backup'"

// LastBackup returns when the last verified backup was made; zero: never.
func (j *Journal) LastBackup(ctx context.Context) (time.Time, error) {
	return askOne[time.Time](ctx, j, lastBackup)
}
