package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/durable"
)

// Restore says what to restore and where.
type Restore struct {
	File    string // the backup
	State   string // the state folder of an agent that is stopped
	Replace bool   // a journal that lies there is moved aside
	Now     time.Time
	By      string // who restores, for the audit log
}

// Restored tells what a restore did.
type Restored struct {
	Manifest Manifest `json:"backup"`
	Epoch    int64    `json:"epoch"`
	Aside    string   `json:"aside,omitempty"` // folder below state that holds what was there before
	Prior    bool     `json:"prior"`           // the journal that was replaced could be read: numbers it used are not used again
}

const (
	staging    = ".inbasket-restoring" // folder below state
	markerName = "restore.json"        // says that staging is complete and takes over
	lockName   = "restore.lock"

	// AsidePrefix begins the folders below state into which restores move what was there before.
	AsidePrefix = "before-restore-"
)

// marker is what a restore that changes over leaves for whoever finishes it after a crash.
type marker struct {
	Aside string `json:"aside"` // base name of the folder that takes what was there before
}

// Run restores a backup. Everything is unpacked, verified and prepared beside what is there; only then it takes
// over. A crash leaves either the old state or the new one, or a change-over that Finish brings to its end.
func Run(ctx context.Context, r Restore) (out Restored, err error) {
	if err := os.MkdirAll(r.State, 0o700); err != nil {
		return out, stateError("make the state folder", err)
	}
	unlock, err := journal.LockFile(filepath.Join(r.State, lockName))
	if err != nil {
		return out, running(err, "another restore is under way")
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := disk.SameOwner(filepath.Join(r.State, lockName), r.State); err != nil {
		return out, stateError("lock the state folder", err)
	}
	if err := finish(r.State); err != nil {
		return out, err
	}
	release, err := journal.Lock(filepath.Join(r.State, journalFolder))
	if err != nil {
		return out, running(err, "an agent uses the state folder")
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := r.mayReplace(); err != nil {
		return out, err
	}
	if err := Clean(r.State); err != nil {
		return out, err
	}
	if out, err = r.stage(ctx); err != nil {
		return out, errors.Join(err, os.RemoveAll(filepath.Join(r.State, staging)))
	}
	if err := mark(r.State, marker{Aside: out.Aside}); err != nil {
		return out, err
	}
	if err := release(); err != nil { // Windows renames no folder with an open file in it
		return out, stateError("release the journal", err)
	}
	return out, finish(r.State)
}

func running(err error, why string) error {
	if !errors.Is(err, journal.ErrLocked) {
		return stateError("lock the state folder", err)
	}
	return &connectors.Error{Class: connectors.Transient, Code: CodeRunning, Op: "restore", Hint: "stop it first, such as by: inbasket service stop", Err: errors.New(why)}
}

// mayReplace refuses to replace a journal without an explicit word.
func (r Restore) mayReplace() error {
	_, err := os.Lstat(filepath.Join(r.State, journalFolder, journal.FileName))
	if err == nil && !r.Replace {
		return &connectors.Error{Class: connectors.ItemError, Code: CodeNotEmpty, Op: "restore into " + r.State,
			Hint: "with --replace it is moved aside, into a folder beside the new one; nothing is deleted", Err: errors.New("a journal lies there")}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return stateError("look for a journal", err)
	}
	return nil
}

// stage unpacks and prepares the new state beside the old one.
func (r Restore) stage(ctx context.Context) (out Restored, err error) {
	dir := filepath.Join(r.State, staging)
	f, err := os.Open(r.File)
	if err != nil {
		return out, err
	}
	defer f.Close()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return out, stateError("unpack the backup", err)
	}
	if out.Manifest, err = scan(ctx, f, dir, true); err != nil {
		return out, err
	}
	if r.Now.Before(out.Manifest.Made) { // what must never be used again is taken from the clock
		return out, &connectors.Error{Class: connectors.TargetError, Code: CodeClock, Op: "restore a backup of " + out.Manifest.Made.Format(time.RFC3339),
			Hint: "set the clock, then repeat it", Err: errors.New("the clock says " + r.Now.UTC().Format(time.RFC3339))}
	}
	prior, err := restoring.PriorOf(ctx, filepath.Join(r.State, journalFolder))
	out.Prior = err == nil // one that cannot be read is why people restore
	out.Epoch, err = restoring.Restored(ctx, filepath.Join(dir, journalFolder),
		restoring.Restoring{Backup: out.Manifest.Made, Now: r.Now, File: filepath.Base(r.File), Prior: prior})
	if err != nil {
		return out, err
	}
	if out.Aside, err = r.aside(); err != nil {
		return out, err
	}
	if err := r.record(dir, out); err != nil {
		return out, err
	}
	err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error { return errors.Join(err, disk.SameOwner(p, r.State)) })
	if err != nil {
		return out, stateError("give the restored files to the agent's account", err)
	}
	return out, errors.Join(syncDir(filepath.Join(dir, journalFolder)), syncDir(filepath.Join(dir, auditFolder)), syncDir(dir))
}

// record puts the restore on record, as the next entry of the audit log that comes out of the backup.
func (r Restore) record(dir string, out Restored) error {
	log, err := audit.Open(filepath.Join(dir, auditFolder), at{r.Now})
	if err != nil {
		return err
	}
	details := map[string]string{"backup": filepath.Base(r.File), "made": out.Manifest.Made.Format(time.RFC3339), "epoch": strconv.FormatInt(out.Epoch, 10), "aside": out.Aside}
	_, err = log.Add(audit.Record{Who: r.By, Via: audit.ViaCLI, Action: "restore", Details: details})
	return errors.Join(err, log.Close())
}

// at is a clock that stands still.
type at struct{ now time.Time }

func (a at) Now() time.Time                     { return a.now }
func (at) After(time.Duration) <-chan time.Time { return nil }

// aside finds a name for the folder that takes what is there now.
func (r Restore) aside() (string, error) {
	base := AsidePrefix + r.Now.UTC().Format("20060102T150405Z")
	for n := range 1000 {
		name := base
		if n > 0 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if _, err := os.Lstat(filepath.Join(r.State, name)); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
	}
	return "", stateError("find a name for the old state", fs.ErrExist)
}

// mark writes, durably, that the staged state takes over.
func mark(state string, m marker) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	temp := filepath.Join(state, markerName+".part")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return stateError("change over to the backup", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = disk.SameOwner(temp, state)
	}
	if err == nil {
		err = durable.Rename(temp, filepath.Join(state, markerName))
	}
	if err != nil {
		return stateError("change over to the backup", err)
	}
	return syncDir(state)
}

// Pending tells whether a restore was interrupted while it changed over.
func Pending(state string) bool {
	_, err := os.Lstat(filepath.Join(state, markerName))
	return err == nil
}

// Finish brings a restore to its end that was interrupted while it changed over; without one it does nothing. The
// agent calls it before it opens its journal.
func Finish(state string) (err error) {
	if !Pending(state) {
		return nil
	}
	unlock, err := journal.LockFile(filepath.Join(state, lockName))
	if err != nil {
		return running(err, "a restore is under way")
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return finish(state)
}

// finish moves each folder of the old state aside and the staged one into its place. Each step can be repeated:
// what is still staged has not taken over.
func finish(state string) error {
	b, err := os.ReadFile(filepath.Join(state, markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var m marker
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err == nil && (m.Aside == "" || filepath.Base(m.Aside) != m.Aside || !strings.HasPrefix(m.Aside, AsidePrefix)) {
		err = errors.New("it names no folder")
	}
	if err != nil {
		return half("read "+markerName, err)
	}
	for _, name := range []string{contentFolder, auditFolder, journalFolder} {
		if err := takeOver(state, name, m.Aside); err != nil {
			return half("move the folder "+name, err)
		}
	}
	if err := os.Remove(filepath.Join(state, markerName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return half("remove "+markerName, err)
	}
	return errors.Join(syncDir(state), os.RemoveAll(filepath.Join(state, staging)))
}

func takeOver(state, name, aside string) error {
	from, to := filepath.Join(state, staging, name), filepath.Join(state, name)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil // it has
	}
	if _, err := os.Lstat(to); err == nil {
		old := filepath.Join(state, aside)
		if err := os.MkdirAll(old, 0o700); err != nil {
			return err
		}
		if err := disk.SameOwner(old, state); err != nil {
			return err
		}
		if err := durable.Rename(to, filepath.Join(old, name)); err != nil {
			return err
		}
		if err := errors.Join(syncDir(old), syncDir(state)); err != nil {
			return err
		}
	}
	if err := durable.Rename(from, to); err != nil {
		return err
	}
	return syncDir(state)
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	if err := durable.SyncDir(dir); err != nil {
		return stateError("make the change durable", err)
	}
	return nil
}

func half(op string, err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeHalf, Op: op, Hint: "mend it, then run the same restore again or start the agent: either finishes it", Err: err}
}

// Settle removes what interrupted backups and restores left below state, unless a restore is under way. The agent calls
// it when it has its journal open: a restore that began before has no journal to lock where there was none.
func Settle(state string) (err error) {
	lock := filepath.Join(state, lockName)
	if _, err := os.Lstat(lock); err == nil { // no restore was ever made here without it
		unlock, err := journal.LockFile(lock)
		if err != nil {
			return running(err, "a restore is under way")
		}
		defer func() { _ = unlock() }() // it protected what is done by now
	}
	if Pending(state) {
		return running(journal.ErrLocked, "a restore is under way")
	}
	return Clean(state)
}

// Clean removes what interrupted backups and restores left below state. It is called while the journal is locked
// and no restore is pending.
func Clean(state string) error {
	entries, err := os.ReadDir(state)
	if err != nil {
		return stateError("look for leftovers", err)
	}
	for _, e := range entries {
		if e.IsDir() && (e.Name() == staging && !Pending(state) || strings.HasPrefix(e.Name(), tempPrefix)) {
			if err := os.RemoveAll(filepath.Join(state, e.Name())); err != nil {
				return stateError("remove leftovers", err)
			}
		}
	}
	return nil
}
