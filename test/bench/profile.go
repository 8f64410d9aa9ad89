package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors/all"
)

// profiled is the agent as the command runs it, with a CPU profile: bench -child p CONFIG PROFILE.
func profiled(ctx context.Context, path, profile string) error {
	out, err := os.Create(profile)
	if err != nil {
		return err
	}
	defer out.Close()
	cfg, err := config.Load(path, all.Registry(), config.Options{Getenv: os.Getenv})
	if err != nil {
		return err
	}
	a, err := agent.New(ctx, agent.Options{Config: cfg, Log: zerolog.New(os.Stderr), Version: "profiled",
		Memory: health.Memory{Set: func(goal int64) { debug.SetMemoryLimit(goal) }}})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	if err := a.Run(ctx); err != nil {
		return err
	}
	allocs, err := os.Create(profile + ".allocs")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
}

// takeProfile works off n forms with a profile and prints where the time goes.
func (b *bench) takeProfile(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.profile, err = filepath.Abs(b.profile); err != nil {
		return err
	}
	wrapper := filepath.Join(b.dir, "profiled")
	// The race starts "BINARY run --config FILE"; the wrapper makes that our own child.
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' -child p \"$3\" '%s'\n", self, b.profile)
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		return err
	}
	if b.parts == "posts" {
		alone, beside, err := b.postsTo(ctx, wrapper)
		if err != nil {
			return err
		}
		fmt.Printf("profiled: %v; %v\n", alone, beside)
	} else {
		binary := b.binary
		b.binary = wrapper
		f, err := b.race(ctx, 'a', layout{1, 1}, b.n)
		b.binary = binary
		if err != nil {
			return err
		}
		fmt.Printf("profiled: %.0f forms/s, %.2f CPU s/10,000\n", f.perSecond(b.n), f.cpu10k(b.n))
	}
	for _, by := range []string{"-flat", "-cum"} {
		top, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", by, "-nodecount=45", self, b.profile).Output()
		if err != nil {
			return fmt.Errorf("pprof: %w", err)
		}
		fmt.Println(strings.TrimSpace(string(top)))
	}
	return nil
}
