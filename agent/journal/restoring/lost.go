package restoring

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// LostSubmission is a submission that a target has and this journal does not know: it was accepted after the backup that
// the journal was restored from.
type LostSubmission struct {
	ID      journal.ID        `json:"id"`
	Digest  connectors.Digest `json:"-"` // as it came; zero: the target does not tell
	Targets []string          `json:"targets" col:"json"`
	At      time.Time         `json:"at"`      // when the target got it, by its own clock
	Adopted bool              `json:"adopted"` // it came again and took its ID
}

// Lost counts evidence of submissions that the journal does not know.
type Lost struct {
	Unknown int
	Blind   int // of them, those without a digest
}

// KeepEvidence keeps what a target says it has: of unknown submissions a ghost, and a parked delivery that it has all
// the same is looked up again. It returns how many were unknown. It may be repeated at will.
func (j Restores) KeepEvidence(ctx context.Context, target string, traces []connectors.Trace) (lost Lost, err error) {
	err = j.Do(ctx, "keep evidence", func(t *journal.Tx) error {
		lost = Lost{}
		w := t.NameID(target)
		for i := range traces {
			unknown := witnessed(t, w, target, &traces[i])
			if unknown {
				lost.Unknown++
			}
			if unknown && traces[i].Digest == (connectors.Digest{}) {
				lost.Blind++
			}
		}
		t.LoadAfterRestore()
		return nil
	})
	return lost, err
}

func witnessed(t *journal.Tx, w journal.NameID, target string, trace *connectors.Trace) (unknown bool) {
	id, err := journal.ParseID(trace.Submission)
	if err != nil {
		return false // no mark of ours
	}
	t.UsedID(id)
	if !t.Is("SELECT (SELECT count(*) FROM submission WHERE id=?)+(SELECT count(*) FROM tombstone WHERE id=?)", id, id) {
		noteLost(t, id, target, trace)
		return true
	}
	if journal.Value[states.Progress](t.Look, "SELECT state FROM delivery WHERE target=? AND sub=?", w, id) != states.Held {
		return false // purged, or nothing that a person could settle in another way
	}
	if s, err := t.Submission(id); err == nil {
		s.Delivery(w).Move(states.Unclear) // it was released and delivered after the backup
		t.Settle(s, false)
	}
	return false
}

func noteLost(t *journal.Tx, id journal.ID, target string, trace *connectors.Trace) {
	type ghost struct {
		Targets []string `col:"json"`
	}
	targets := journal.Value[ghost](t.Look, "SELECT targets FROM ghost WHERE id=?", id).Targets
	if !slices.Contains(targets, target) {
		targets = append(targets, target)
	}
	list, err := json.Marshal(targets)
	t.Fail(err)
	var digest []byte
	if trace.Digest != (connectors.Digest{}) {
		digest = trace.Digest[:]
	}
	var at any = 0
	if !trace.At.IsZero() {
		at = trace.At
	}
	t.Exec(`INSERT INTO ghost(id, digest, targets, at, adopted) VALUES(?, ?, ?, ?, 0) ON CONFLICT(id) DO UPDATE
		SET digest=coalesce(ghost.digest, excluded.digest), targets=excluded.targets, at=CASE WHEN ghost.at<excluded.at THEN excluded.at ELSE ghost.at END`,
		id, digest, string(list), at)
}

// LostSubmissions returns lost submissions after an ID, by their IDs; those that came again only when all is set.
func (j Restores) LostSubmissions(ctx context.Context, after journal.ID, all bool, limit int) ([]LostSubmission, error) {
	return journal.Ask[LostSubmission](ctx, j.Journal, "SELECT id, digest, targets, at, adopted FROM ghost WHERE id>? AND adopted<=? ORDER BY id LIMIT ?", after, all, journal.Bounded(limit))
}

// LostCount tells how many lost submissions are known of, how many of them came again, and how many bear no digest.
func (j Restores) LostCount(ctx context.Context) (all, adopted, blind int64, err error) {
	n, err := journal.AskOne[struct{ All, Adopted, Blind int64 }](ctx, j.Journal, "SELECT count(*), coalesce(sum(adopted), 0), count(*)-count(digest) FROM ghost")
	return n.All, n.Adopted, n.Blind, err
}

// Recall notes forms that are about to be put back into an in-basket, by their names there.
func (j Restores) Recall(ctx context.Context, inbasket string, names []string) error {
	return j.Do(ctx, "note forms that come again", func(t *journal.Tx) error {
		for _, name := range names {
			t.InsertNew("recall(inbasket, name)", inbasket, name)
		}
		t.LoadAfterRestore()
		return nil
	})
}
