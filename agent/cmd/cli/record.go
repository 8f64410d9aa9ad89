package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// Who is the person at the command line, for orders to a stopped agent's files: also who became root by sudo.
func (a *App) Who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if s := a.Getenv("SUDO_USER"); s != "" && s != name {
		name += " (sudo by " + s + ")"
	}
	return name
}

// OnRecord puts an order to a stopped agent's files on record before do carries it out.
func (a *App) OnRecord(ctx context.Context, p config.Place, action, object string, details map[string]string, do func() error) (err error) {
	log, err := audit.Open(filepath.Join(p.State, audit.Folder), agent.SystemClock{})
	if err != nil {
		return err
	}
	defer func() {
		if e := log.Close(); err == nil {
			err = e
		}
	}()
	r := audit.Record{Who: a.Who(), Via: audit.ViaCLI, Action: action, Object: object, Details: details}
	if _, err := log.Add(r); err != nil {
		return err
	}
	if err = do(); err == nil {
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	r.Action, r.Details = action+".failed", map[string]string{"code": FaultOf(err).Code}
	if _, e := log.Add(r); e != nil {
		return fmt.Errorf("%w (and the audit log could not be written)", err)
	}
	return err
}

// Noted puts on record what do does beside the agent, to its secrets or its service: by the agent if one runs, else in
// its files. Where no agent has run yet there is no record. A record that cannot be written is a warning and no
// refusal: what is done here is often what mends the agent.
func (a *App) Noted(ctx context.Context, configPath, action, object string, do func() error) error {
	if err := a.note(ctx, configPath, action, object, ""); err != nil {
		fmt.Fprintf(a.Stderr, "warning: the audit log does not tell of this: %v\n", err)
		return do()
	}
	err := do()
	if err == nil {
		return nil
	}
	if e := a.note(ctx, configPath, action+".failed", object, FaultOf(err).Code); e != nil {
		fmt.Fprintf(a.Stderr, "warning: the audit log does not tell that this failed: %v\n", e)
	}
	return err
}

// Kept opens the journal of a running or a stopped agent for a command that reads what citizens wrote. That it does is on record first, or it is
// not done.
func (a *App) Kept(ctx context.Context, action, object string, do func(*journal.Journal, *content.Store) error) error {
	place, err := config.Locate(a.ConfigPath())
	if err != nil {
		return err
	}
	folder := filepath.Join(place.State, "journal")
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return NeverRun("start it by: inbasket run")
	}
	read := func() error {
		store := content.OpenReadOnly(filepath.Join(place.State, "content"))
		j, err := journal.OpenReadOnly(ctx, folder, journal.Options{Content: store, Clock: agent.SystemClock{}})
		if err != nil {
			return err
		}
		return errors.Join(do(j, store), j.Close())
	}
	_, err = orders.Note.Ask(ctx, control.NewClient(place.State), control.NoteRequest{Action: action, Object: object})
	switch {
	case errors.Is(err, control.ErrNotRunning):
		return a.OnRecord(ctx, place, action, object, nil, read)
	case err != nil:
		return err
	}
	return read()
}

func (a *App) note(ctx context.Context, configPath, action, object, code string) error {
	place, err := config.Locate(configPath)
	if err != nil {
		return nil // no agent can have run with it
	}
	_, err = orders.Note.Ask(ctx, control.NewClient(place.State), control.NoteRequest{Action: action, Object: object, Code: code})
	if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	folder := filepath.Join(place.State, audit.Folder)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	log, err := audit.Open(folder, agent.SystemClock{})
	if err != nil {
		return err
	}
	r := audit.Record{Who: a.Who(), Via: audit.ViaCLI, Action: action, Object: object}
	if code != "" {
		r.Details = map[string]string{"code": code}
	}
	_, err = log.Add(r)
	return errors.Join(err, log.Close())
}
