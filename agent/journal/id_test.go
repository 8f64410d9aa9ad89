package journal

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestIDText(t *testing.T) {
	for _, c := range []struct {
		in   string
		want ID
		ok   bool
	}{
		{"0000000000001", 1, true},
		{"7ZZZZZZZZZZZZ", 1<<63 - 1, true},
		{"000000000000l", 1, true},
		{"00000000000Io", 32, true},
		{"00000000000iO", 32, true},
		{"0000000000000", 0, false},
		{"8000000000000", 0, false},
		{"000000000000U", 0, false},
		{"00000000001", 0, false},
		{"00000000000001", 0, false},
		{"", 0, false},
		{"000000000000é", 0, false},
	} {
		got, err := ParseID(c.in)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("ParseID(%q) = %d, %v", c.in, got, err)
		}
	}
}

func TestIDsRiseWhateverTheClockSays(t *testing.T) {
	s := idSource{rand: bytes.NewReader(bytes.Repeat([]byte{0xff}, 1<<12))}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last ID
	for n := range 500 {
		switch n {
		case 100:
			now = now.Add(-time.Hour)
		case 200:
			now = now.Add(2 * time.Hour)
		case 300:
			now = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		id, err := s.next(now)
		if err != nil {
			t.Fatal(err)
		}
		if id <= last || id.String() <= last.String() {
			t.Fatalf("%s does not come after %s", id, last)
		}
		last = id
	}
	if got := last.Time(); got.Year() != 2026 {
		t.Errorf("time of ID is %s", got)
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"0000000000001", "7ZZZZZZZZZZZZ", "8ZZZZZZZZZZZZ", "oilOIL0000000", "\xff\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		again, err := ParseID(strings.ToLower(id.String()))
		if err != nil || again != id || id <= 0 {
			t.Fatalf("%q: %d, then %d, %v", s, id, again, err)
		}
	})
}
