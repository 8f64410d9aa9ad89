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

// configYAML is the agent's configuration: state, folder, marker line, DSN and monitor address are filled in.
const configYAML = `agency: Benchmark
state: %s
monitor: %s
inbaskets:
  forms: {folder: {path: %s, match: "*.json", %safter: {move: done}}}
targets:
  register: {postgres: {dsn: %q, password: "${env:BENCH_PASSWORD}"}}
routes:
  benchmark: {from: forms, mapping: mapping.yaml}
`

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
	if err := os.WriteFile(filepath.Join(b.dir, "mapping.yaml"), []byte(mappingYAML), 0o644); err != nil {
		return err
	}
	// Secrets stand in no configuration; the agent takes this one from its environment.
	if err := os.Setenv("BENCH_PASSWORD", "test-only"); err != nil {
		return err
	}
	config, err := b.config("")
	if err != nil {
		return err
	}
	ddl, err := exec.CommandContext(ctx, b.binary, "ledger", "ddl", "register", "--config", config).Output()
	if err != nil {
		return fmt.Errorf("ledger ddl: %w", err)
	}
	if _, err := b.watch.db.Exec(ctx, string(ddl)); err != nil {
		return fmt.Errorf("create the ledger: %w\n%s", err, ddl)
	}
	b.ledger = true
	return nil
}

// config writes the configuration; extra are further keys of the folder, each with a comma after it.
func (b *bench) config(extra string) (string, error) {
	path := filepath.Join(b.dir, "inbasket.yaml")
	text := fmt.Sprintf(configYAML, filepath.Join(b.dir, "state"), monitor, filepath.Join(b.dir, "forms"), extra, b.dsn)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// monitor is where the agent answers readyz.
const monitor = "127.0.0.1:19109"

// agent returns the command that runs an agent with an empty journal.
func (b *bench) agent(binary string) ([]string, error) {
	if err := os.RemoveAll(filepath.Join(b.dir, "state")); err != nil {
		return nil, err
	}
	config, err := b.config("")
	return []string{binary, "run", "--config", config}, err
}
