package cases

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Suite is what the cases of one mapping came to, with how long each took.
type Suite struct {
	Mapping string // its file
	Started time.Time
	Results []Result
	Took    []time.Duration // by case
	Broken  string          // why the mapping cannot be loaded, and so has no results
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	File    string      `xml:"file,attr"`
	Line    int         `xml:"line,attr,omitempty"`
	Time    string      `xml:"time,attr"`
	Failure *junitFault `xml:"failure"`
	Error   *junitFault `xml:"error"`
}

type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes suites in the XML of JUnit, which CI systems read. A mapping that cannot be loaded is one case with an error.
func JUnit(w io.Writer, suites []Suite) error {
	var all junitSuites
	total := time.Duration(0)
	for _, s := range suites {
		one := junitSuite{Name: s.Mapping, Timestamp: s.Started.UTC().Format("2006-01-02T15:04:05")}
		took := time.Duration(0)
		for i, r := range s.Results {
			c := junitCase{Class: s.Mapping, Name: r.Name, File: s.Mapping, Line: r.Line, Time: seconds(s.Took[i])}
			if !r.OK {
				one.Failures++
				c.Failure = fault("difference", strings.Join(r.Diffs, "\n"))
			}
			one.Cases = append(one.Cases, c)
			took += s.Took[i]
		}
		if s.Broken != "" {
			one.Errors++
			one.Cases = append(one.Cases, junitCase{Class: s.Mapping, Name: s.Mapping, File: s.Mapping, Time: seconds(0), Error: fault("mapping", s.Broken)})
		}
		one.Tests, one.Time = len(one.Cases), seconds(took)
		all.Tests, all.Failures, all.Errors, total = all.Tests+one.Tests, all.Failures+one.Failures, all.Errors+one.Errors, total+took
		all.Suites = append(all.Suites, one)
	}
	all.Time = seconds(total)
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, b)
	return err
}

func fault(kind, text string) *junitFault {
	first, _, _ := strings.Cut(text, "\n")
	return &junitFault{Message: first, Type: kind, Text: text}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
