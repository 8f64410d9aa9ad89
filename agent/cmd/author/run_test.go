package author

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

func appOf(stdin string) (*cli.App, *strings.Builder) {
	out := &strings.Builder{}
	return &cli.App{Stdin: strings.NewReader(stdin), Stdout: out, Stderr: io.Discard, Getenv: func(string) string { return "" }}, out
}

// orNone is an error in any case, to be asked for its code.
func orNone(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

func says(t *testing.T, out *strings.Builder, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("%q is not in\n%s", w, out)
		}
	}
}

// steps is a clock that goes on by a quarter of a second each time it is asked.
type steps struct{ at time.Time }

func (s *steps) Now() time.Time {
	s.at = s.at.Add(250 * time.Millisecond)
	return s.at
}

func (*steps) After(time.Duration) <-chan time.Time { panic("nothing waits here") }

// TestTimesOfCases: what a report says of time comes from the clock alone.
func TestTimesOfCases(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{"f.json": `{"a":"x"}`, "m.yaml": "mapping: m\nversion: 1\ninput: {format: json}\nwrite: [{as: w, to: t, table: T, fields: {A: form.a}}]\ntests: [{form: f.json}, {name: two, form: f.json}]\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := filepath.Join(folder, "report.xml")
	o := trials{junit: report, clock: &steps{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}}
	if err := o.run(&cli.App{Stdout: io.Discard, Stderr: io.Discard}, []string{filepath.Join(folder, "m.yaml")}); err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(have), `time="0.250"`); n != 2 {
		t.Errorf("%d cases of a quarter of a second\n%s", n, have)
	}
	if !strings.Contains(string(have), `time="0.500" timestamp="2026-03-04T05:06:07"`) {
		t.Errorf("%s", have)
	}
}
