package datefmt

import (
	"errors"
	"testing"
	"time"
)

func TestFormatAndParse(t *testing.T) {
	t.Parallel()
	berlin, err := Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, berlin)
	for _, c := range []struct{ pattern, want string }{
		{"yyyy-MM-dd", "2026-02-03"},
		{"d.M.yyyy H:mm", "3.2.2026 4:05"},
		{"yyyyDDD", "2026034"},
		{"yyyyMMddHHmmssSSS", "20260203040506789"},
		{"yyyy-MM-dd'T'HH:mm:ssXXX", "2026-02-03T04:05:06+01:00"},
		{"yyyyMMdd HHmmXX", "20260203 0405+0100"},
		{"dd''MM 'o''clock' yyyy", "03'02 o'clock 2026"},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := p.Format(at)
		if s != c.want {
			t.Errorf("%s: %q", c.pattern, s)
		}
		back, err := p.Parse(s, 0)
		if p.HasZone() {
			back = back.In(berlin)
		}
		if err != nil || p.Format(back) != s {
			t.Errorf("%s: %q comes back as %v, %v", c.pattern, s, back, err)
		}
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, in string }{
		{"yyyy-MM-dd", "2026-2-3"}, {"yyyy-MM-dd", "2026-02-30"}, {"yyyy-MM-dd", "2025-02-29"},
		{"yyyy-MM-dd", "2026-02-03 "}, {"yyyy-MM-dd", ""}, {"yyyy-MM-dd", "0000-01-01"}, {"yyyy-MM-dd", "２０26-01-01"},
		{"HH:mm", "24:00"}, {"HH:mm:ss", "23:59:60"}, {"d.M.yyyy", "003.2.2026"}, {"yyyyDDD", "2025366"}, {"yyyyDDD", "2025000"},
		{"HH:mmXXX", "10:00+1:00"}, {"HH:mmXXX", "10:00+15:00"}, {"HH:mmXXX", "10:00"}, {"yyyy-MM-dd", "2026-00-10"},
	} {
		if got, err := MustCompile(c.pattern).Parse(c.in, 0); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s %q: %v %v", c.pattern, c.in, got, err)
		}
	}
	for _, p := range []string{"", "yyy", "YYYY-MM-dd", "yyyy-mm-dd hh", "yyyy yyyy", "'open", "---", "MMM", "SSSSSSSSSS"} {
		if _, err := Compile(p); err == nil {
			t.Errorf("%q compiles", p)
		}
	}
}

func TestTwoDigitYear(t *testing.T) {
	t.Parallel()
	p := MustCompile("yyMMdd")
	for in, want := range map[string]int{"290101": 2029, "300101": 1930, "990101": 1999, "000101": 2000} {
		if got, err := p.Parse(in, 1930); err != nil || got.Year() != want {
			t.Errorf("%s: %v %v", in, got, err)
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"Local", "Berlin", "../etc"} {
		if _, err := Zone(n); err == nil {
			t.Errorf("%s is a zone", n)
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	p := MustCompile("yyyy-MM-dd HH:mm")
	if !p.HasDate() || !p.HasTime() || p.HasZone() {
		t.Error("wrong fields")
	}
}

// Minutes beside a day, without an hour, are months that were written small.
func TestMinutesOfDay(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{"yyyy-mm-dd": true, "ddmmyy": true, "mm.yyyy": true, "yyyyDDDmm": true, "yyyy-MM-dd": false, "yyyy-MM-dd HH:mm": false,
		"mm:ss": false, "HH:mm": false, "dd HHmm": false} {
		if have := MustCompile(pattern).MinutesOfDay(); have != want {
			t.Errorf("%s: %v", pattern, have)
		}
	}
}

// A field of one or two digits needs something after it that is none.
func TestOpenFields(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"d0", "dM.yyyy", "yyyyMdd", "HHmm d'1'", "Hmm"} {
		if _, err := Compile(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
	for pattern, s := range map[string]string{"d.M.yyyy": "3.12.2026", "yyyy-MM-dd H:mm": "2026-01-02 7:05", "ss.S": "09.5"} {
		if _, err := MustCompile(pattern).Parse(s, 0); err != nil {
			t.Errorf("%q %q: %v", pattern, s, err)
		}
	}
	if _, err := MustCompile("ss.S").Parse("09.57", 0); err == nil {
		t.Error("S took two digits")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-02-03T04:05:06.789+01:00")
	f.Add("yyDDD", "26034")
	f.Add("d.M.yyyy", "3.2.2026")
	f.Add("d0", "010")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		p, err := Compile(pattern)
		if err != nil {
			return
		}
		at, err := p.Parse(s, 1930)
		if err != nil {
			return
		}
		again, err := p.Parse(p.Format(at), 1930)
		if err != nil || !again.Equal(at) && !p.has(year2) {
			t.Fatalf("%q %q: %v, then %v %v", pattern, s, at, again, err)
		}
	})
}
