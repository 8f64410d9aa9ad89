// Command bench measures the agent against what people write by hand, on one machine in one run: forms
// from a folder into two tables of PostgreSQL, files moved to done.
//
//	a  the agent: journal, ledger, exactly once, generated keys
//	b  a Go loop: read, decode, insert parent and children, one transaction per form, rename to done
//	c  the same with 100 forms per transaction in one pipelined batch
//	d  a Python script with psycopg2, one transaction per form
//	e  with -before FILE: the same agent before a change
//	f  two loops like c side by side, each with half of the forms
//	g  two loops that COPY 100 forms at a time into both tables
//
// PostgreSQL is a private one with fsync and synchronous_commit on. The rounds alternate, and medians
// are compared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/inbasket/inbasket/test/servers"
)

// options are the command line.
type options struct {
	n       int
	rounds  int
	seed    uint64
	only    string
	extra   bool
	parts   string
	large   int
	binary  string
	before  string
	profile string
	strict  bool
	keep    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// A contestant of our own program: bench -child b DIR DSN.
	if len(os.Args) == 5 && os.Args[1] == "-child" {
		switch os.Args[2] {
		case "b":
			return loop(ctx, os.Args[3], os.Args[4])
		case "c":
			return pipeline(ctx, os.Args[3], os.Args[4], 1)
		case "f":
			return pipeline(ctx, os.Args[3], os.Args[4], 2)
		case "g":
			return copyRows(ctx, os.Args[3], os.Args[4])
		case "h":
			return floor(ctx, os.Args[3])
		case "p":
			return profiled(ctx, os.Args[3], os.Args[4])
		}
	}
	var o options
	flag.IntVar(&o.n, "n", 10000, "forms a round")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; medians are compared")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the forms")
	flag.StringVar(&o.only, "only", "abcdfg", "contestants")
	flag.BoolVar(&o.extra, "extra", true, "also many forms, latency, idle and start")
	flag.StringVar(&o.parts, "parts", "layouts,posts,scenarios", "which of the rest -extra measures")
	flag.IntVar(&o.large, "large", 100000, "forms of the large round of -extra")
	flag.StringVar(&o.binary, "binary", "", "agent to measure; empty: build it")
	flag.StringVar(&o.before, "before", "", "another agent to compare with in the same run, such as one built before a change")
	flag.StringVar(&o.profile, "profile", "", "take a CPU profile of the agent into this file and one of its allocations into FILE.allocs, and nothing else; with -parts posts of the posts")
	flag.BoolVar(&o.strict, "strict", false, "fail when a goal is missed")
	flag.BoolVar(&o.keep, "keep", false, "keep the working folder")
	flag.Parse()
	if strings.Trim(o.only, "abcdfg") != "" || o.n < 1 || o.rounds < 1 {
		return errors.New("usage: bench [-n forms] [-rounds n] [-only abcdfg] [-extra=false]")
	}
	if o.before != "" {
		o.only += "e"
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	if o.profile != "" {
		return b.takeProfile(ctx)
	}
	if err := b.compare(ctx); err != nil {
		return err
	}
	if o.extra {
		for _, part := range strings.Split(o.parts, ",") {
			if err := b.part(part)(ctx); err != nil {
				return err
			}
		}
	}
	return b.judged()
}

// part returns how a part of the rest is measured.
func (b *bench) part(name string) func(context.Context) error {
	switch name {
	case "layouts":
		return b.layouts
	case "posts":
		return b.posts
	case "scenarios":
		return b.scenarios
	}
	return func(context.Context) error { return fmt.Errorf("-parts: there is no %q", name) }
}

// bench is one run with its database and working folder.
type bench struct {
	options
	dir       string
	server    *servers.Database
	databases []*database // the first is everybody's
	ledger    string      // statements that create the ledger; empty: there is no agent
	inXML     bool        // forms are written as XML
	verdicts  []verdict
}

func newBench(ctx context.Context, o options) (*bench, error) {
	dir, err := os.MkdirTemp("", "inbasket-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir}
	if b.server, err = servers.StartPostgreSQL(servers.Options{Durable: true, Settings: []string{"synchronous_commit=on"}}); err != nil {
		b.close()
		return nil, err
	}
	if err := b.addDatabase(ctx); err != nil {
		b.close()
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "baseline.py"), []byte(pythonScript), 0o644); err != nil {
		b.close()
		return nil, err
	}
	if strings.Contains(o.only, "a") || o.extra {
		if err := b.prepareAgent(ctx); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

func (b *bench) close() {
	for _, d := range b.databases {
		d.close()
	}
	if b.server != nil {
		b.server.Close()
	}
	if b.keep {
		fmt.Println("kept:", b.dir)
		return
	}
	os.RemoveAll(b.dir)
}
