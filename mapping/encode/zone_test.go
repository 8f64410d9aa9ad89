package encode

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestLayoutZone: a date-time whose field needs a zone and says none is shown in the layout's; without one it is refused.
func TestLayoutZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, field, pattern, value, want string }{
		{"Europe/Berlin", "", "HHmm", "2026-07-01T10:00:00Z", "1200"}, {"Europe/Berlin", "UTC", "HHmm", "2026-07-01T10:00:00Z", "1000"},
		{"Europe/Berlin", "", "HHmm", "2026-07-01T10:00:00", "1000"}, {"Europe/Berlin", "", "HHmmXXX", "2026-07-01T10:00:00", "1000+02:00"},
		{"Europe/Berlin", "", "HHmmXXX", "2026-07-01T10:00:00Z", "1000Z"}, {"", "", "HHmm", "2026-07-01T10:00:00Z", CodeZone}, {"", "", "HHmmXXX", "2026-07-01T10:00:00", CodeZone},
		{"Europe/Berlin", "", "HHmm", "2026-10-25T01:30:00Z", CodeClockChange}, {"Europe/Berlin", "", "HHmmXXX", "2026-10-25T02:30:00", CodeClockChange},
		{"Europe/Berlin", "", "HHmmXXX", "2026-03-29T02:30:00", CodeClockChange}, {"Europe/Berlin", "", "yyyyMMdd", "2026-10-25T01:30:00Z", "20261025"},
		{"Europe/Berlin", "", "HHmm", "2026-10-25T02:30:00", "0230"},
	} {
		l, problems := NewLayout(Spec{Format: "csv", Zone: c.zone, Fields: []FieldSpec{{Name: "A", Type: "datetime", Pattern: c.pattern, Zone: c.field}}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		p, err := l.Encode([]connectors.Record{{Shape: &connectors.Shape{Write: "w", Fields: []string{"A"}}, Values: []connectors.Value{{Kind: connectors.DateTime, Str: c.value}}}})
		have := string(p.Body)
		if err != nil {
			have = err.(*FieldError).Code + "\n"
		}
		if have != c.want+"\n" {
			t.Errorf("%+v: have %q", c, have)
		}
	}
}
