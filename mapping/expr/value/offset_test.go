package value

import "testing"

// TestOffsets takes offsets that clocks have somewhere, and no others.
func TestOffsets(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"2026-01-31T12:00:00Z": true, "2026-01-31T12:00:00+14:00": true, "2026-01-31T12:00:00-12:00": true, "2026-01-31T12:00:00+14:59": true,
		"2026-01-31T12:00:00+15:00": false, "2026-01-31T12:00:00-23:00": false, "2026-01-31T12:00:00": true, "0000-01-31T12:00:00": false} {
		if _, _, ok := ReadDateTime(s); ok != want {
			t.Errorf("%s: %v", s, ok)
		}
	}
}
