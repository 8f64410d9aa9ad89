package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// runApp runs a command line in this process.
func runApp(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &cli.App{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
	code = execute(context.Background(), a, args)
	return code, out.String(), errs.String()
}

// TestExamples checks every example and runs the tests of its mappings.
func TestExamples(t *testing.T) {
	configs, err := filepath.Glob(repository + "/configs/*/inbasket.yaml")
	if err != nil || len(configs) == 0 {
		t.Fatal("no examples", err)
	}
	for _, path := range configs {
		if code, _, stderr := runApp(t, "check", "-c", path); code != 0 {
			t.Errorf("check %s: exit %d\n%s", path, code, stderr)
		}
	}
	mappings, err := filepath.Glob(repository + "/configs/*/mappings/*.yaml")
	if err != nil || len(mappings) == 0 {
		t.Fatal("no mappings", err)
	}
	for _, path := range mappings {
		if code, stdout, stderr := runApp(t, "test", path); code != 0 {
			t.Errorf("test %s: exit %d\n%s%s", path, code, stdout, stderr)
		}
	}
}
