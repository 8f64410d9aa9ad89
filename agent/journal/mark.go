package journal

import (
	"context"
	"database/sql/driver"
)

// SetMark remembers a short text of the agent's own under a name, in place of an older one.
func (j *Journal) SetMark(ctx context.Context, name, value string) error {
	return j.do(ctx, "remember "+name, func(t *tx) error {
		return t.setMark(name, value)
	})
}

func (t *tx) setMark(name, value string) error {
	_, err := t.c.exec("INSERT OR REPLACE INTO mark(name, value) VALUES(?, ?)", name, value)
	return err
}

// Mark returns what SetMark remembered; empty: nothing.
func (j *Journal) Mark(ctx context.Context, name string) (value string, err error) {
	err = j.read(ctx, func(c *conn) error {
		if !j.has(graveVersion) {
			return nil
		}
		value, err = mark(c, name)
		return err
	})
	return value, err
}

func mark(c *conn, name string) (value string, err error) {
	_, err = c.one("SELECT value FROM mark WHERE name=?", []any{name}, func(row []driver.Value) error {
		value = text(row[0])
		return nil
	})
	return value, err
}
