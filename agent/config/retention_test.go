package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
)

const day = 24 * time.Hour

func retained(t *testing.T, retention, keep string) (*config.Config, error) {
	t.Helper()
	return config.Parse("inbasket.yaml", []byte(`agency: A
`+retention+`
inbaskets: {forms: {folder: {path: in}}}
targets: {drop: {folder: {path: out}, file: {name: "{id}.csv"}}}
routes:
  short: {from: forms, match: "s*", mapping: m.yaml`+keep+`}
  usual: {from: forms, mapping: m.yaml}
`), all.Registry(), config.Options{})
}

func TestRetention(t *testing.T) {
	c, err := retained(t, "retention: {closed: 90d, rejected: forever, tombstones: 3650d}", ", keep: 30d")
	if err != nil {
		t.Fatal(err)
	}
	usual := config.Retention{Closed: config.Period{Duration: 90 * day}, Rejected: config.Period{Forever: true}, Tombstones: config.Period{Duration: 3650 * day}}
	brief := config.Period{Duration: 30 * day}
	for route, want := range map[string]config.Retention{
		"usual": usual, "gone": usual,
		"short": {Closed: brief, Rejected: brief, Unfetched: brief, Tombstones: usual.Tombstones},
	} {
		if diff := cmp.Diff(want, c.RetentionOf(route)); diff != "" {
			t.Errorf("%s: %s", route, diff)
		}
	}
	if !c.Purges() || c.Shortest() != 30*day {
		t.Errorf("%v %s", c.Purges(), c.Shortest())
	}
	other, err := retained(t, "retention: {closed: 90d}", ", keep: forever")
	if err != nil {
		t.Fatal(err)
	}
	if kept := other.RetentionOf("short"); kept.Closed.Duration != 0 || other.Shortest() != 90*day {
		t.Errorf("%+v", kept)
	}
	if diff := cmp.Diff([]config.Change{{Section: "retention", Kind: config.Changed}, {Section: "routes", Name: "short", Kind: config.Changed}}, other.Diff(c)); diff != "" {
		t.Error(diff)
	}
}

func TestNothingIsPurgedUnlessSaid(t *testing.T) {
	c, err := retained(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Purges() || c.Shortest() != 0 || c.RetentionOf("usual") != (config.Retention{}) {
		t.Errorf("%+v", c.Retention)
	}
}

func TestRetentionThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ retention, keep, want string }{
		"too short":    {"retention: {closed: 10m}", "", `2:21: this is too short`},
		"no time":      {"retention: {rejected: soon}", "", `2:23: a duration`},
		"unknown key":  {"retention: {close: 1h}", "", `did you mean "closed"`},
		"a short keep": {"", ", keep: 0", `this is too short`},
	} {
		_, err := retained(t, c.retention, c.keep)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPeriodsAreWrittenAsInTheFile(t *testing.T) {
	for want, p := range map[string]config.Period{"forever": {}, "90d": {Duration: 90 * day}, "36h": {Duration: 36 * time.Hour}} {
		if p.String() != want {
			t.Errorf("%s instead of %s", p, want)
		}
	}
}
