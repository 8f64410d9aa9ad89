package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// SetValue remembers a short text of the agent's own under a name, in place of an older one.
func (j *Journal) SetValue(ctx context.Context, name, value string) error {
	return j.do(ctx, "remember "+name, func(t *tx) error {
		return t.setValue(name, value)
	})
}

func (t *tx) setValue(name, value string) error {
	_, err := t.c.Exec("INSERT INTO mark(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value", name, value)
	return err
}

// Value returns what SetValue remembered; empty: nothing.
func (j *Journal) Value(ctx context.Context, name string) (value string, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		if !j.has(purgeVersion) {
			return nil
		}
		value, err = storedValue(c, name)
		return err
	})
	return value, err
}

func storedValue(c *engine.Conn, name string) (string, error) {
	return engine.Value[string](c, "SELECT value FROM mark WHERE name=?", name)
}
