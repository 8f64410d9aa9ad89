package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed mapping.yaml
var mappingYAML string

// prepareAgent builds the agent and creates its ledger.
func (b *bench) prepareAgent(ctx context.Context) error {
	if b.binary == "" {
		b.binary = filepath.Join(b.dir, "inbasket")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "./agent/cmd/inbasket")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the agent: %w\n%s", err, out)
		}
	}
	// Secrets stand in no configuration; the agent takes this one from its environment.
	if err := os.Setenv("BENCH_PASSWORD", "test-only"); err != nil {
		return err
	}
	config, err := b.config(layout{1, 1}, "")
	if err != nil {
		return err
	}
	ddl, err := exec.CommandContext(ctx, b.binary, "ledger", "ddl", "register", "--config", config).Output()
	if err != nil {
		return fmt.Errorf("ledger ddl: %w", err)
	}
	b.ledger = string(ddl)
	d := b.databases[0]
	d.ledger = true
	if _, err := d.db.Exec(ctx, b.ledger); err != nil {
		return fmt.Errorf("create the ledger: %w\n%s", err, ddl)
	}
	return nil
}

// monitor is where the agent answers readyz.
const monitor = "127.0.0.1:19109"

// agent returns the command that runs an agent with an empty journal.
func (b *bench) agent(binary string, l layout) ([]string, error) {
	if err := os.RemoveAll(filepath.Join(b.dir, "state")); err != nil {
		return nil, err
	}
	config, err := b.config(l, "")
	return []string{binary, "run", "--config", config}, err
}
