package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// backedUp makes a backup while the agent may be killed at any moment. What has the backup's name afterwards must be
// whole, whatever became of the agent.
func (w *world) backedUp(a *running, most time.Duration) error {
	dir := filepath.Join(w.base, "backups")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	w.backups++
	file := filepath.Join(dir, fmt.Sprintf("%d.tar", w.backups))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.binary, "backup", file, "--config", w.config())
	if err := cmd.Start(); err != nil {
		return err
	}
	if !a.ended(most) {
		a.kill()
	}
	// When the agent is gone before it is asked, the files of the stopped one are read.
	failed := cmd.Wait()
	if _, err := os.Stat(file); err != nil {
		if failed == nil {
			return fmt.Errorf("backup %d: it succeeded, and there is no file", w.backups)
		}
		return nil
	}
	if out, err := exec.Command(w.binary, "backup", "verify", file).CombinedOutput(); err != nil {
		return fmt.Errorf("backup %d is not whole: %w\n%s", w.backups, err, out)
	}
	return os.Remove(file)
}
