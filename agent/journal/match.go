package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Matches tells whether a result that was read by a mapping under a match key would find a submission now.
func (j *Journal) Matches(ctx context.Context, plan, key string) (found bool, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, plan)
		if !ok {
			return nil
		}
		found, err = engine.Value[bool](c, "SELECT EXISTS(SELECT 1 FROM match WHERE plan=? AND key=?)", w, key)
		return err
	})
	return found, err
}
