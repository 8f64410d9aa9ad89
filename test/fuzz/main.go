// Command fuzz runs every fuzz target of the module for a short time each: a smoke test for CI, and with
// a longer -time a search.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"syscall"
	"time"
)

var function = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// target is one fuzz function and the package it is in.
type target struct{ pkg, name string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	length := flag.Duration("time", 2*time.Second, "how long each target runs")
	flag.Parse()
	targets, err := find(".")
	if err != nil {
		return err
	}
	for _, t := range targets {
		start := time.Now()
		if err := t.fuzz(ctx, *length); err != nil {
			return err
		}
		fmt.Printf("ok  %-30s %s (%s)\n", t.pkg, t.name, time.Since(start).Round(100*time.Millisecond))
	}
	fmt.Printf("%d fuzz targets, nothing found\n", len(targets))
	return nil
}

// tries is how often a target is run whose end the go command takes for a failure.
const tries = 3

// fuzz runs one target. A slow machine may cut the last input short at the end of the time, which the go
// command (1.26) reports as "context deadline exceeded" without any failing input: then it is run again.
func (t target) fuzz(ctx context.Context, length time.Duration) error {
	for try := 1; ; try++ {
		cmd := exec.CommandContext(ctx, "go", "test", "./"+t.pkg, "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", length.String())
		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		cut := strings.Contains(string(out), "context deadline exceeded") && !strings.Contains(string(out), "Failing input")
		if !cut || try == tries {
			return fmt.Errorf("%s in %s: %w\n%s", t.name, t.pkg, err, out)
		}
	}
}

// find returns the fuzz targets below dir, in a stable order.
func find(dir string) ([]target, error) {
	var targets []target
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != dir && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range function.FindAllSubmatch(src, -1) {
			targets = append(targets, target{filepath.ToSlash(filepath.Dir(path)), string(m[1])})
		}
		return nil
	})
	sort.Slice(targets, func(i, j int) bool {
		return targets[i].pkg+" "+targets[i].name < targets[j].pkg+" "+targets[j].name
	})
	return targets, err
}
