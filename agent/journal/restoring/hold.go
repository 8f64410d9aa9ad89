package restoring

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
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
func (j Restores) Hold(ctx context.Context) (*Hold, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) *Hold {
		if !l.Has(journal.HoldVersion) {
			return nil
		}
		h, found := journal.One[Hold](l, "SELECT backup, restored, gathered, released, by, file, report FROM hold WHERE id=1")
		if !found {
			return nil
		}
		return &h
	})
}

// KeepReport keeps what the evidence for a restored journal says.
func (j Restores) KeepReport(ctx context.Context, report []byte) error {
	return j.Put(ctx, "keep what a restore found", "UPDATE hold SET gathered=?, report=? WHERE id=1 AND released=0", j.Now(), string(report))
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
func (j Restores) EndHold(ctx context.Context, e Ending) error {
	err := j.Do(ctx, "release a restored journal", func(t *journal.Tx) error { return endHold(t, e) })
	if err == nil {
		j.Released()
	}
	return err
}

func endHold(t *journal.Tx, e Ending) error {
	if t.Exec("UPDATE hold SET released=?, by=? WHERE id=1 AND released=0", t.Now, e.By) == 0 {
		return ErrNotHeld
	}
	for target, last := range e.Seqs {
		t.Exec(journal.RaiseMeta, journal.SeqOfKey+target, last)
	}
	t.Exec("DELETE FROM doubt")
	for _, d := range e.Uncertain {
		uncertain(t, d)
	}
	for _, r := range e.Rereads {
		const sql = "INSERT INTO reread(kind, name, since) VALUES(?, ?, ?) ON CONFLICT(kind, name) DO UPDATE SET since=excluded.since WHERE excluded.since<reread.since"
		t.Exec(sql, r.Kind, r.Name, r.Since)
	}
	t.LoadAfterRestore()
	return nil
}

// uncertain makes doubtful what may have been delivered to a target after the backup.
func uncertain(t *journal.Tx, d UncertainTarget) {
	t.Exec("INSERT INTO doubt(target, restored) VALUES(?, (SELECT restored FROM hold WHERE id=1))", d.Target)
	w := t.NameID(d.Target)
	if !d.Open {
		return
	}
	for _, from := range []states.Progress{states.Pending, states.Waiting, states.Batched} {
		n := t.Exec("UPDATE delivery SET state=? WHERE target=? AND state=? AND state<10", states.Doubtful, w, from)
		t.Count(journal.TallyProgress, int64(w), int64(from), -n)
		t.Count(journal.TallyProgress, int64(w), int64(states.Doubtful), n)
	}
	t.Exec("UPDATE batch SET state=? WHERE target=? AND state=?", states.Doubtful, w, states.Batched)
}

// Rereads returns what is still to be read again.
func (j Restores) Rereads(ctx context.Context) ([]Reread, error) {
	return journal.Ask[Reread](ctx, j.Journal, "SELECT kind, name, since FROM reread ORDER BY kind, name")
}

// RereadDone notes that something has been read again to its end.
func (j Restores) RereadDone(ctx context.Context, kind, name string) error {
	return j.Put(ctx, "note what was read again", "DELETE FROM reread WHERE kind=? AND name=?", kind, name)
}

// NoteBackup remembers that a backup was made and verified.
func (j Restores) NoteBackup(ctx context.Context, at time.Time) error {
	return j.Put(ctx, "note a backup", journal.RaiseMeta, "backup", at)
}

// LastBackup returns when the last verified backup was made; zero: never.
func (j Restores) LastBackup(ctx context.Context) (time.Time, error) {
	return journal.AskOne[time.Time](ctx, j.Journal, journal.LastBackup)
}
