package journal

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// LostSubmission is a submission that a target has and this journal does not know: it was accepted after the backup that
// the journal was restored from.
type LostSubmission struct {
	ID      ID                `json:"id"`
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
func (j *Journal) KeepEvidence(ctx context.Context, target string, traces []connectors.Trace) (lost Lost, err error) {
	err = j.do(ctx, "keep evidence", func(t *tx) error {
		lost = Lost{}
		w := t.nameID(target)
		for i := range traces {
			unknown := t.witnessed(w, target, &traces[i])
			if unknown {
				lost.Unknown++
			}
			if unknown && traces[i].Digest == (connectors.Digest{}) {
				lost.Blind++
			}
		}
		t.loadAfterRestore()
		return nil
	})
	return lost, err
}

func (t *tx) witnessed(w nameID, target string, trace *connectors.Trace) (unknown bool) {
	id, err := ParseID(trace.Submission)
	if err != nil {
		return false // no mark of ours
	}
	t.j.ids.last = max(t.j.ids.last, id)
	t.exec(raiseMeta, "last-id", id)
	if !t.is("SELECT (SELECT count(*) FROM submission WHERE id=?)+(SELECT count(*) FROM tombstone WHERE id=?)", id, id) {
		t.noteLost(id, target, trace)
		return true
	}
	if value[states.Progress](t.look, "SELECT state FROM delivery WHERE target=? AND sub=?", w, id) != states.Held {
		return false // purged, or nothing that a person could settle in another way
	}
	if s, err := t.submission(id); err == nil {
		s.delivery(w).move(states.Unclear) // it was released and delivered after the backup
		t.settle(s, false)
	}
	return false
}

func (t *tx) noteLost(id ID, target string, trace *connectors.Trace) {
	type ghost struct {
		Targets []string `col:"json"`
	}
	targets := value[ghost](t.look, "SELECT targets FROM ghost WHERE id=?", id).Targets
	if !slices.Contains(targets, target) {
		targets = append(targets, target)
	}
	list, err := json.Marshal(targets)
	t.fail(err)
	var digest []byte
	if trace.Digest != (connectors.Digest{}) {
		digest = trace.Digest[:]
	}
	var at any = 0
	if !trace.At.IsZero() {
		at = trace.At
	}
	t.exec(`INSERT INTO ghost(id, digest, targets, at, adopted) VALUES(?, ?, ?, ?, 0) ON CONFLICT(id) DO UPDATE
		SET digest=coalesce(ghost.digest, excluded.digest), targets=excluded.targets, at=CASE WHEN ghost.at<excluded.at THEN excluded.at ELSE ghost.at END`,
		id, digest, string(list), at)
}

// LostSubmissions returns lost submissions after an ID, by their IDs; those that came again only when all is set.
func (j *Journal) LostSubmissions(ctx context.Context, after ID, all bool, limit int) ([]LostSubmission, error) {
	return ask[LostSubmission](ctx, j, "SELECT id, digest, targets, at, adopted FROM ghost WHERE id>? AND adopted<=? ORDER BY id LIMIT ?", after, all, bounded(limit))
}

// LostCount tells how many lost submissions are known of, how many of them came again, and how many bear no digest.
func (j *Journal) LostCount(ctx context.Context) (all, adopted, blind int64, err error) {
	n, err := askOne[struct{ All, Adopted, Blind int64 }](ctx, j, "SELECT count(*), coalesce(sum(adopted), 0), count(*)-count(digest) FROM ghost")
	return n.All, n.Adopted, n.Blind, err
}

// Recall notes forms that are about to be put back into an in-basket, by their names there.
func (j *Journal) Recall(ctx context.Context, inbasket string, names []string) error {
	return j.do(ctx, "note forms that come again", func(t *tx) error {
		for _, name := range names {
			t.insertNew("recall(inbasket, name)", inbasket, name)
		}
		t.loadAfterRestore()
		return nil
	})
}
