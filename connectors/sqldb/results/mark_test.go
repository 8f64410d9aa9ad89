package results

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func TestParseMark(t *testing.T) {
	dollar := func(n int) string { return "$" + strconv.Itoa(n) }
	for _, c := range []struct{ in, want, names string }{
		{"update D set SENT = now() where ID = :ID and S = :STATUS;", "update D set SENT = now() where ID = $1 and S = $2", "ID,STATUS"},
		{"update D set X = ':no' where \"a:b\" = :ID::int", "update D set X = ':no' where \"a:b\" = $1::int", "ID"},
		{"update D -- :no\nset X = 1 /* :no */ where ID=:ID", "update D -- :no\nset X = 1 /* :no */ where ID=$1", "ID"},
		{"update D set T = '12:30' where A[1:2] = :a_1", "update D set T = '12:30' where A[1:2] = $1", "a_1"},
		{"select 'unclosed :x", "select 'unclosed :x", ""},
		{"", "", ""},
	} {
		m, err := ParseMark(c.in, dollar)
		if err != nil || m.SQL != c.want || strings.Join(m.Names, ",") != c.names {
			t.Errorf("%q: %q %v %v", c.in, m.SQL, m.Names, err)
		}
	}
	if _, err := ParseMark("update D set X = ?", dialect.QuestionMark); err == nil {
		t.Error("? taken")
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("update D set X = ':a' where ID = :ID::int -- :x")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMark(s, dialect.QuestionMark)
		if err == nil && len(m.Names) > strings.Count(s, ":") {
			t.Fatal("more names than colons")
		}
	})
}

// Of a time that is asked since, nothing is missed in the hour that comes again.
func TestEarliestClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-10-25T00:30:00Z": "2026-10-25 02:00:00+02:00", // then 02:10 comes again
		"2026-10-25T01:30:00Z": "2026-10-25 02:30:00+01:00",
		"2026-10-24T20:00:00Z": "2026-10-24 22:00:00+02:00",
		"2026-07-01T12:00:00Z": "2026-07-01 14:00:00+02:00",
	} {
		since, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := earliestClock(since.In(berlin), true); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
