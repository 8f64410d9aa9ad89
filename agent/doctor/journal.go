package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/connectors"
)

// Limits of the journal's figures.
const (
	logLong   = 256 << 20 // bytes of write-ahead log
	backupOld = 48 * time.Hour
	checkSize = 512 << 20 // bytes; a larger journal is not read as a whole
)

// theJournal looks at the journal's file, at who holds it, and at its backups.
func theJournal(ctx context.Context, x *exam, n *notes) {
	const file = "file"
	i, err := x.journal()
	if err == nil && i.Size <= checkSize && i.Version <= i.Known {
		i, err = x.Inspect(ctx, x.dir, true)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.ok(file, "there is none yet in "+x.dir+"; the first start of the agent makes it")
		return
	case errors.Is(err, fs.ErrPermission):
		n.fail(file, CodeJournalClosed, x.account.Name+" may not read "+x.dir, "ask as the agent's account, or by: inbasket doctor --as-service")
		return
	case err != nil:
		x.broken(file, err, n)
		return
	}
	if i.Damage != "" {
		n.fail(file, CodeJournalDamaged, x.dir+" is damaged", "stop the agent, keep a copy of the state folder, restore the last backup")
		return
	}
	if i.Version > i.Known {
		return // upgrade says so
	}
	x.holder(i.Locked, i.Holder, n)
	text := fmt.Sprintf("version %d, %s, epoch %d", i.Version, size(uint64(i.Size)), i.Epoch)
	if i.Size > checkSize {
		text += "; too large to be read as a whole here: inbasket journal check"
	}
	n.ok(file, text+" in "+x.dir)
	if i.Log > logLong {
		n.warn(file, CodeJournalWAL, "its write-ahead log has "+size(uint64(i.Log)), "end what reads the journal for long, such as a viewer; it shrinks by itself then")
	}
	if i.Held {
		n.fail(file, CodeHeld, "it was restored from a backup and is held: nothing is taken or delivered", "read what was found by inbasket restored, then: inbasket restored release")
	}
	if x.status != nil && x.status.Journal != nil {
		x.trouble(file, x.status.Journal, n)
	}
	x.backups(i.Backup, n)
	x.oldStates(i.Held, n)
	x.auditLog(ctx, n)
}

// holder compares who has the journal with who answers.
func (x *exam) holder(locked bool, pid int, n *notes) {
	var refused *control.Error
	switch {
	case x.status != nil:
		n.ok("agent", fmt.Sprintf("runs as process %d, version %s", x.status.PID, x.status.Version))
		for _, t := range x.status.Stuck {
			since := ""
			if !t.Since.IsZero() {
				since = " since " + t.Since.Local().Format("2006-01-02 15:04")
			}
			n.fail("agent", t.Code, t.Text+since, cmp.Or(t.Next, "send the output of inbasket diagnostics to the maintainers"))
		}
	case errors.As(x.asked, &refused) && errors.Is(x.asked, control.ErrPermission):
		n.warn("agent", refused.Code, "an agent runs, and this account may not ask it", refused.Hint)
	case locked:
		n.fail("agent", CodeJournalMute, fmt.Sprintf("process %d holds the journal and does not answer", pid), "wait for it if it has just started; else stop it, and send diagnostics")
	case x.Status != nil:
		n.warn("agent", control.CodeNotRunning, "no agent runs", "start it by inbasket service start, or inbasket run")
	}
}

// backups says when the last one was made.
func (x *exam) backups(last time.Time, n *notes) {
	when := last.Local().Format("2006-01-02 15:04")
	switch {
	case last.IsZero():
		n.warn("backup", CodeBackupNone, "none was ever made", "make one every night: inbasket backup FILE")
	case x.now.Sub(last) > backupOld:
		n.warn("backup", CodeBackupOld, "the last one is of "+when, "make one every night: inbasket backup FILE")
	default:
		n.ok("backup", "the last one is of "+when)
	}
}

// oldStates finds what restores moved aside: no retention reaches it. While the agent is held it may be needed.
func (x *exam) oldStates(held bool, n *notes) {
	entries, err := os.ReadDir(filepath.Dir(x.dir))
	if err != nil || held {
		return // the state folder's own check says so
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), backup.AsidePrefix) {
			n.warn("restore", CodeOldState, "a restore moved the old state into "+filepath.Join(filepath.Dir(x.dir), e.Name())+": it holds what citizens wrote, for ever",
				"once all is well, remove that folder")
		}
	}
}

// auditLog verifies the chain of the audit log.
func (x *exam) auditLog(ctx context.Context, n *notes) {
	if x.Audit == nil {
		return
	}
	entries, err := x.Audit(ctx)
	var coded *connectors.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, fs.ErrPermission):
		n.warn("audit log", CodeAudit, "this account may not read it", "ask as the agent's account, or by: inbasket doctor --as-service")
	case errors.As(err, &coded):
		n.fail("audit log", coded.Code, coded.Op+" failed", coded.Hint)
	case err != nil:
		n.fail("audit log", CodeAudit, "it is not whole", "find out who changed it: inbasket audit verify")
	default:
		n.ok("audit log", fmt.Sprintf("whole, %d entries", entries))
	}
}
