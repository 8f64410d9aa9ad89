package journal

import (
	"bytes"
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// PutPlan keeps a plan so that submissions can be pinned to it. Other content under a name and version
// that submissions were pinned to is ErrPlanChanged. A plan that nobody used stays all the same: what is
// in flight may still be pinned to it.
func (j *Journal) PutPlan(ctx context.Context, p Plan) error {
	return j.do(ctx, "keep a mapping", func(t *tx) error {
		known, err := t.c.Exec("UPDATE plan SET at=? WHERE digest=?", t.now, p.Digest[:])
		if err != nil || known > 0 {
			return err
		}
		used, err := t.c.Number("SELECT count(*) FROM plan WHERE name=? AND version=? AND used=1", p.Name, p.Version)
		if err != nil {
			return err
		}
		if used > 0 {
			return &connectors.Error{Class: connectors.TargetError, Code: CodePlanChanged, Op: fmt.Sprintf("use mapping %s version %d", p.Name, p.Version),
				Hint: "raise its version, or restore the content that it had", Err: ErrPlanChanged}
		}
		_, err = t.c.Exec("INSERT INTO plan(digest, name, version, bundle, used, at) VALUES(?, ?, ?, ?, 0, ?)",
			p.Digest[:], p.Name, p.Version, p.Bundle, t.now)
		return err
	})
}

// Plan returns the plan with a digest, or ErrNotFound. The bundle must not be changed.
func (j *Journal) Plan(ctx context.Context, digest connectors.Digest) (p Plan, err error) {
	j.mu.Lock()
	p, ok := j.pinned[digest]
	j.mu.Unlock()
	if ok {
		return p, nil
	}
	err = j.read(ctx, func(c *engine.Conn) error {
		p, ok, err = engine.One[Plan](c, "SELECT digest, name, version, bundle FROM plan WHERE digest=?", digest)
		return err
	})
	if err == nil && !ok {
		return Plan{}, fmt.Errorf("mapping with digest %x: %w", digest[:4], ErrNotFound)
	}
	if err == nil {
		j.mu.Lock()
		j.pinned[digest] = p
		j.mu.Unlock()
	}
	return p, err
}

// LatestPlans returns the newest version of every mapping, as it was put last, by name.
func (j *Journal) LatestPlans(ctx context.Context) (plans []Plan, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		const sql = `SELECT digest, name, version, bundle FROM plan p
			WHERE id=(SELECT id FROM plan WHERE name=p.name ORDER BY version DESC, at DESC, id DESC LIMIT 1) ORDER BY name`
		plans, err = engine.All[Plan](c, sql)
		return err
	})
	return plans, err
}

// PlansWith returns the digests of those versions of a mapping whose files hold a word, newest first, and how many do not.
func (j *Journal) PlansWith(ctx context.Context, name, word string) (digests []connectors.Digest, without int, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		digests, without = nil, 0
		const sql = "SELECT digest, name, version, bundle FROM plan WHERE name=? ORDER BY version DESC, id DESC"
		return engine.Each(c, sql, []any{name}, func(p Plan) error {
			if bytes.Contains(p.Bundle, []byte(word)) {
				digests = append(digests, p.Digest)
			} else {
				without++
			}
			return nil
		})
	})
	return digests, without, err
}

// pin returns the row of a plan and marks it as used. The zero digest stands for none.
func (t *tx) pin(digest connectors.Digest) (int64, error) {
	if digest == (connectors.Digest{}) {
		return 0, nil
	}
	id, err := t.c.Number("SELECT id FROM plan WHERE digest=?", digest[:])
	if err != nil || id == 0 {
		return 0, errorOr(err, fmt.Errorf("mapping with digest %x was not put before: %w", digest[:4], ErrNotFound))
	}
	if t.j.plans[id] {
		return id, nil
	}
	_, err = t.c.Exec("UPDATE plan SET used=1 WHERE id=?", id)
	t.used = append(t.used, id)
	return id, err
}

func errorOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
