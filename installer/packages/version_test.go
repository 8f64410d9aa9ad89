package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestPackageVersion(t *testing.T) {
	at := time.Date(2026, 11, 22, 19, 30, 47, 0, time.UTC)
	for in, want := range map[string]string{
		"v1.2.3":                    "1.2.3",
		"1.2.3":                     "1.2.3",
		"v1.2.3-dirty":              "1.2.3+dirty",
		"v1.2.3-rc.1":               "1.2.3~rc.1",
		"v1.2.3-5-g150d8b2":         "1.2.3+5.g150d8b2",
		"v1.2.3-5-g150d8b2-dirty":   "1.2.3+5.g150d8b2.dirty",
		"v1.2.3-rc.1-5-g150d8b2":    "1.2.3~rc.1+5.g150d8b2",
		"150d8b2":                   "0.0.0~20261122193047.g150d8b2",
		"150d8b2-dirty":             "0.0.0~20261122193047.g150d8b2+dirty",
		"1.2.3~rc.1+5.g150d8b2":     "1.2.3~rc.1+5.g150d8b2",
		"latest":                    "",
		"1.2.3 ; rm -rf /":          "",
		"1.2":                       "",
		"1.2.3-4-rc":                "",
		"0.0.0~20261122193047.g150": "0.0.0~20261122193047.g150",
	} {
		got, err := packageVersion(in, at)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q became %q, %v; not %q", in, got, err, want)
		}
	}
}

// TestVersionsRise has dpkg compare versions of one line of development.
func TestVersionsRise(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("dpkg is not here; make service-test compares versions too")
	}
	at := time.Date(2026, 11, 22, 19, 30, 47, 0, time.UTC)
	last := "0"
	for i, described := range []string{"fff0000", "aaa0000", "v0.1.0-rc.1", "v0.1.0-rc.1-3-gabcdef0", "v0.1.0", "v0.1.0-1-gfffffff", "v0.1.0-12-g0000000", "v0.2.0"} {
		v, err := packageVersion(described, at.Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if err := exec.CommandContext(t.Context(), dpkg, "--compare-versions", last, "lt", v).Run(); err != nil {
			t.Errorf("%s does not come after %s", v, last)
		}
		last = v
	}
}
