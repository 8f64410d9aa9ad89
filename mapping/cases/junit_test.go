package cases

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestJUnit reads the report as a CI system does: with a reader of its own, and what is no character of XML in it.
func TestJUnit(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	var out strings.Builder
	err := JUnit(&out, []Suite{
		{Mapping: "a/m.yaml", Started: at, Took: []time.Duration{1500 * time.Millisecond, 20 * time.Millisecond},
			Results: []Result{{Name: "form <1>", Line: 7, OK: true}, {Name: "two", Line: 9, Diffs: []string{`w[0].A: want "<x>", have "` + "\x01" + `]]>"`, "w: want 0 records, have 1"}}}},
		{Mapping: "b.yaml", Started: at, Broken: "b.yaml:1:1: it is & not read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	type fault struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string  `xml:"classname,attr"`
		Name    string  `xml:"name,attr"`
		Line    int     `xml:"line,attr"`
		Time    float64 `xml:"time,attr"`
		Failure *fault  `xml:"failure"`
		Error   *fault  `xml:"error"`
	}
	type suite struct {
		Name      string     `xml:"name,attr"`
		Tests     int        `xml:"tests,attr"`
		Failures  int        `xml:"failures,attr"`
		Errors    int        `xml:"errors,attr"`
		Time      float64    `xml:"time,attr"`
		Timestamp string     `xml:"timestamp,attr"`
		Cases     []testcase `xml:"testcase"`
	}
	var have struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Time     float64  `xml:"time,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	d := xml.NewDecoder(strings.NewReader(out.String()))
	d.Strict = true
	if err := d.Decode(&have); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if have.Tests != 3 || have.Failures != 1 || have.Errors != 1 || have.Time != 1.52 {
		t.Errorf("%+v", have)
	}
	difference := `w[0].A: want "<x>", have "` + "\uFFFD" + `]]>"`
	want := []suite{
		{Name: "a/m.yaml", Tests: 2, Failures: 1, Time: 1.52, Timestamp: "2026-03-04T04:06:07", Cases: []testcase{
			{Class: "a/m.yaml", Name: "form <1>", Line: 7, Time: 1.5},
			{Class: "a/m.yaml", Name: "two", Line: 9, Time: 0.02, Failure: &fault{difference, difference + "\nw: want 0 records, have 1"}}}},
		{Name: "b.yaml", Tests: 1, Errors: 1, Timestamp: "2026-03-04T04:06:07", Cases: []testcase{
			{Class: "b.yaml", Name: "b.yaml", Error: &fault{"b.yaml:1:1: it is & not read", "b.yaml:1:1: it is & not read"}}}},
	}
	if d := cmp.Diff(want, have.Suites); d != "" {
		t.Error(d)
	}
}
