package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// SetMark remembers a short text of the agent's own under a name, in place of an older one.
func (j *Journal) SetMark(ctx context.Context, name, value string) error {
	return j.do(ctx, "remember "+name, func(t *tx) error {
		return t.setMark(name, value)
	})
}

func (t *tx) setMark(name, value string) error {
	_, err := t.c.Exec("INSERT INTO mark(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value", name, value)
	return err
}

// Mark returns what SetMark remembered; empty: nothing.
func (j *Journal) Mark(ctx context.Context, name string) (value string, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		if !j.has(purgeVersion) {
			return nil
		}
		value, err = mark(c, name)
		return err
	})
	return value, err
}

func mark(c *engine.Conn, name string) (string, error) {
	return engine.Value[string](c, "SELECT value FROM mark WHERE name=?", name)
}
