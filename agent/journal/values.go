package journal

import "context"

const (
	markValue = "SELECT value FROM mark WHERE name=?"
	setMark   = "INSERT INTO mark(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"
)

// SetValue remembers a short text of the agent's own under a name, in place of an older one.
func (j *Journal) SetValue(ctx context.Context, name, value string) error {
	return j.put(ctx, "remember "+name, setMark, name, value)
}

// Value returns what SetValue remembered; empty: nothing.
func (j *Journal) Value(ctx context.Context, name string) (string, error) {
	return find(ctx, j, func(l *look) string {
		if !l.has(purgeVersion) {
			return ""
		}
		return value[string](l, markValue, name)
	})
}
