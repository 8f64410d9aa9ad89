package journal

import "context"

// Matches tells whether a result that was read by a mapping under a match key would find a submission now.
func (j *Journal) Matches(ctx context.Context, plan, key string) (found bool, err error) {
	err = j.read(ctx, func(c *conn) error {
		w, ok := j.known(c, plan)
		if !ok {
			return nil
		}
		n, err := c.number("SELECT EXISTS(SELECT 1 FROM match WHERE plan=? AND key=?)", w, key)
		found = n != 0
		return err
	})
	return found, err
}
