package journal

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/connectors"
)

// PutPlan keeps a plan so that submissions can be pinned to it. Other content under a name and version
// that submissions were pinned to is ErrPlanChanged. A plan that nobody used stays all the same: what is
// in flight may still be pinned to it.
func (j *Journal) PutPlan(ctx context.Context, p Plan) error {
	return j.Do(ctx, "keep a mapping", func(t *Tx) error {
		if t.Exec("UPDATE plan SET at=? WHERE digest=?", t.Now, p.Digest[:]) > 0 {
			return nil
		}
		if t.Is("SELECT count(*) FROM plan WHERE name=? AND version=? AND used=1", p.Name, p.Version) {
			return &connectors.Error{Class: connectors.TargetError, Code: CodePlanChanged, Op: fmt.Sprintf("use mapping %s version %d", p.Name, p.Version),
				Hint: "raise its version, or restore the content that it had", Err: ErrPlanChanged}
		}
		t.Exec("INSERT INTO plan(digest, name, version, bundle, used, at) VALUES(?, ?, ?, ?, 0, ?)", p.Digest[:], p.Name, p.Version, p.Bundle, t.Now)
		return nil
	})
}

const planColumns = "SELECT digest, name, version, bundle FROM plan "

// Plan returns the plan with a digest, or ErrNotFound. The bundle must not be changed.
func (j *Journal) Plan(ctx context.Context, digest connectors.Digest) (Plan, error) {
	j.mu.Lock()
	p, ok := j.pinned[digest]
	j.mu.Unlock()
	if ok {
		return p, nil
	}
	found, err := Ask[Plan](ctx, j, planColumns+"WHERE digest=?", digest)
	if err != nil || len(found) == 0 {
		return Plan{}, errorOr(err, fmt.Errorf("mapping with digest %x: %w", digest[:4], ErrNotFound))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pinned[digest] = found[0]
	return found[0], nil
}

// PlansOf returns the digests of all versions of a mapping, newest first.
func (j *Journal) PlansOf(ctx context.Context, name string) ([]connectors.Digest, error) {
	return Ask[connectors.Digest](ctx, j, "SELECT digest FROM plan WHERE name=? ORDER BY version DESC, id DESC", name)
}

// Pin returns the row of a plan and marks it as used. The zero digest stands for none.
func (t *Tx) Pin(digest connectors.Digest) int64 {
	if digest == (connectors.Digest{}) {
		return 0
	}
	id := t.Number("SELECT id FROM plan WHERE digest=?", digest[:])
	if id == 0 {
		t.Fail(fmt.Errorf("mapping with digest %x was not put before: %w", digest[:4], ErrNotFound))
	}
	if !t.Journal.plans[id] {
		t.Exec("UPDATE plan SET used=1 WHERE id=?", id)
		t.used = append(t.used, id)
	}
	return id
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
