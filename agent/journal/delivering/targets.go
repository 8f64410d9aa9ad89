package delivering

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
)

// SetPaused pauses a target or lets it go on; the journal remembers it.
func (j Deliveries) SetPaused(ctx context.Context, target string, paused bool, by, reason string) error {
	if !paused {
		return j.Put(ctx, "let a target go on", "DELETE FROM pause WHERE target=?", target)
	}
	return j.Put(ctx, "pause a target", `INSERT INTO pause(target, by, reason, at) VALUES(?, ?, ?, ?)
		ON CONFLICT(target) DO UPDATE SET by=excluded.by, reason=excluded.reason, at=excluded.at`, target, by, reason, j.Now())
}

// Paused returns the paused targets, each with the reason.
func (j Deliveries) Paused(ctx context.Context) (map[string]string, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) map[string]string {
		paused := map[string]string{}
		journal.Each(l, "SELECT target, reason FROM pause", nil, func(p struct{ Target, Reason string }) { paused[p.Target] = p.Reason })
		return paused
	})
}

// KnownTarget is what the journal knows of a target: by it the agent notices that a name points elsewhere.
type KnownTarget struct {
	Identity    string
	Fingerprint string
	Open        int64 // deliveries that are open or held
}

// Targets returns all targets that the journal knows, by name.
func (j Deliveries) Targets(ctx context.Context) (map[string]KnownTarget, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) map[string]KnownTarget {
		marks := map[string]KnownTarget{}
		journal.Each(l, "SELECT a, sum(n) FROM tally WHERE kind=2 AND (b<10 OR b=13) GROUP BY a", nil, func(t struct {
			Target string `col:"word"`
			Open   int64
		}) {
			marks[t.Target] = KnownTarget{Open: t.Open}
		})
		journal.Each(l, "SELECT name, identity, fingerprint FROM target", nil, func(t struct{ Name, Identity, Fingerprint string }) {
			marks[t.Name] = KnownTarget{t.Identity, t.Fingerprint, marks[t.Name].Open}
		})
		return marks
	})
}

// PutTarget remembers where a target's name points to.
func (j Deliveries) PutTarget(ctx context.Context, name, identity, fingerprint string) error {
	return j.Put(ctx, "remember a target", `INSERT INTO target(name, identity, fingerprint, at) VALUES(?, ?, ?, ?)
		ON CONFLICT(name) DO UPDATE SET identity=excluded.identity, fingerprint=excluded.fingerprint, at=excluded.at`, name, identity, fingerprint, j.Now())
}
