package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{errors.New("x"), exitFailure},
		{usagef("x"), exitUsage},
		{silentError(75), exitRetry},
		{fmt.Errorf("wrapped: %w", diag.Problems{{}}), exitConfig},
		{&control.Error{Code: control.CodeNotRunning}, exitUnavailable},
		{&control.Error{Code: control.CodePermission}, exitPermission},
		{&control.Error{Code: "config.refused"}, exitConfig},
		{&control.Error{Code: control.CodeState}, exitFailure},
		{&fs.PathError{Err: fs.ErrPermission}, exitPermission},
		{fmt.Errorf("open: %w", journal.ErrLocked), exitRetry},
		{&connectors.Error{Class: connectors.Transient, Code: "ftp.busy"}, exitRetry},
		{&connectors.Error{Class: connectors.TargetError, Code: "sql.login"}, exitUnavailable},
		{&connectors.Error{Class: connectors.TargetError, Code: "config.open"}, exitConfig},
		{&connectors.Error{Class: connectors.TargetError, Code: journal.CodePlanChanged}, exitConfig},
		{&control.Error{Code: journal.CodePlanChanged}, exitConfig},
		{&connectors.Error{Class: connectors.ItemError, Code: "sql.length"}, exitFailure},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// TestSafeText keeps what a driver or file system said out of the log.
func TestSafeText(t *testing.T) {
	for _, err := range []error{
		errors.New("secret"),
		connectors.Errorf(connectors.TargetError, "a.b", "open", "", "secret"),
		&fs.PathError{Op: "open", Path: "secret", Err: fs.ErrNotExist},
	} {
		if s := safeText(err); strings.Contains(s, "secret") || s == "" {
			t.Errorf("%v: %q", err, s)
		}
		if codeOf(err) == "" {
			t.Errorf("%v has no code", err)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"":                     {},
		"24h":                  now.Add(-24 * time.Hour),
		"7d":                   now.Add(-7 * 24 * time.Hour),
		"2026-11-22T18:00:00Z": time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC),
		"2026-11-22T18:00":     time.Date(2026, 11, 22, 18, 0, 0, 0, time.Local),
		"2026-11-22":           time.Date(2026, 11, 22, 0, 0, 0, 0, time.Local),
	} {
		if got, err := moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"yesterday", "24", "2026-13-01"} {
		if _, err := moment(s, now); exitCode(err) != exitUsage {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "inbasket.log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat("x", logSize/2-1) + "\n")
	for range 2*logKept + 5 {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Write(line); !errors.Is(err, os.ErrClosed) {
		t.Error("written after Close:", err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != logKept+1 {
		t.Errorf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > logSize {
			t.Errorf("%s: %v %v", f, info.Size(), err)
		}
	}
}

func TestColumn(t *testing.T) {
	for key, want := range map[string]string{"familyName": "FAMILY_NAME", "e-mail": "E_MAIL", "@version": "VERSION", "HTTPCode": "HTTPCODE", "größe": "GR__E"} {
		if got := column(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}

func TestVisible(t *testing.T) {
	for s, want := range map[string]string{"Müller": "Müller", "a\x1b[2Jb": `"a\x1b[2Jb"`, "a\nb": `"a\nb"`} {
		if got := visible(s); got != want {
			t.Errorf("%q: %s", s, got)
		}
	}
}
