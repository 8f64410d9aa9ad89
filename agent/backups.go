package agent

import (
	"context"
	"io"
	"net/http"

	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/control"
)

// Backup streams a backup of the journal and the content store while everything goes on.
func (a *Agent) Backup(ctx context.Context, _ control.BackupRequest, w io.Writer) error {
	if !a.backups.TryLock() {
		return &control.Error{Code: CodeBackupRuns, Message: "another backup is being made", Hint: "wait until it is done", Status: http.StatusConflict}
	}
	defer a.backups.Unlock()
	cfg := a.current().config
	_, err := backup.Write(ctx, backup.Source{State: cfg.State, Journal: a.journal, Content: a.content, Agency: cfg.Agency,
		Version: a.options.Version, Now: a.clock.Now()}, w)
	return err
}

// BackedUp notes when the last verified backup was made.
func (a *Agent) BackedUp(ctx context.Context, r control.BackedUpRequest) error {
	a.log.Info().Str("by", r.By).Time("made", r.Made).Msg("a backup was made and verified")
	return a.journal.NoteBackup(ctx, r.Made)
}

// unchanged makes sure that no restore took over while the journal was being opened, and removes what interrupted
// backups and restores left.
func (a *Agent) unchanged() error {
	return backup.Settle(a.options.Config.State)
}
