package results

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
)

// TestIdentityByValue calls a row by what its columns mean: another type of column, more digits or another zone do not make it
// another one, and an hour that clocks show twice is not guessed.
func TestIdentityByValue(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	names := func(zone *time.Location, v connectors.Value) []string {
		db := &database.DB{Sys: &database.System{Zone: zone}}
		a := &Answers{t: db, q: connectors.Question{ID: []string{"A"}}}
		id, also, _, err := a.identity([]string{"A"}, map[string]connectors.Value{"A": v})
		if err != nil {
			t.Fatal(err)
		}
		return append([]string{id}, also...)
	}
	at := func(s string) connectors.Value { return connectors.Value{Kind: connectors.DateTime, Str: s} }
	number := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Decimal, Str: s} }
	for _, c := range []struct {
		before, after connectors.Value
		zone          *time.Location
		same          bool
	}{
		{connectors.Value{Kind: connectors.Integer, Int: 10}, number("10.00"), berlin, true}, {number("1.50"), number("1.5"), berlin, true}, {number("1.5"), number("1.51"), berlin, false},
		{connectors.Value{Kind: connectors.Integer, Int: 1}, number("10"), berlin, false},
		{at("2026-01-02T03:04:05"), at("2026-01-02T03:04:05.000"), berlin, true}, {at("2026-01-02T03:04:05"), at("2026-01-02T03:04:05.001"), berlin, false},
		{at("2026-01-02T03:04:05"), at("2026-01-02T03:04:05+01:00"), berlin, true}, {at("2026-01-02T03:04:05"), at("2026-01-02T02:04:05Z"), berlin, true},
		{at("2026-01-02T03:04:05+01:00"), at("2026-01-02T03:04:05"), berlin, true}, {at("2026-01-02T03:04:05+01:00"), at("2026-01-02T02:04:05+00:00"), time.UTC, true},
		{at("2026-01-02T03:04:05"), at("2026-01-02T03:04:05"), time.UTC, true}, {at("2026-10-25T02:30:00"), at("2026-10-25T00:30:00Z"), berlin, false},
		{connectors.Value{Kind: connectors.Date, Str: "2026-01-02"}, at("2026-01-02T00:00:00"), berlin, true},
	} {
		before := names(berlin, c.before)
		if after := names(c.zone, c.after); slices.Contains(after, before[0]) != c.same {
			t.Errorf("%q, then %q", before, after)
		}
	}
	if got := strings.Join(names(berlin, at("2026-01-02T03:04:05+01:00")), " "); got != "2026-01-02T02:04:05Z 2026-01-02T03:04:05 2026-01-02T03:04:05+01:00" {
		t.Error(got)
	}
}
