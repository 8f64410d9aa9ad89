package keep

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)

// shows compares what people see with what they should, leaving out white space at the ends.
func shows(t *testing.T, print func(w io.Writer), want string) {
	t.Helper()
	var b strings.Builder
	print(&b)
	if got, want := strings.TrimSpace(b.String()), strings.TrimSpace(want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRestored shows all that a restore may have found.
func TestRestored(t *testing.T) {
	r := control.Restored{Held: true, Backup: noon, Restored: noon.Add(time.Hour), File: "a.tar", Epoch: 2, EvidenceFound: noon.Add(2 * time.Hour),
		Targets: []control.RestoredTarget{
			{Name: "register", Evidence: control.EvidenceLedger, Seen: 9, Lost: 2, Blind: 1},
			{Name: "mainframe", Evidence: control.EvidenceFiles, Batch: true, LastSeq: 4, SeenSeq: 6, Unsure: true, Open: 1},
			{Name: "paper", Evidence: control.EvidenceNone, Unsure: true},
			{Name: "away", Evidence: control.EvidenceFailed, Trouble: &control.Trouble{Code: "sql.connect", Text: "cannot connect"}}},
		Inbaskets:    []control.RestoredSource{{Name: "permits", Again: true, Count: 3}},
		Results:      []control.RestoredSource{{Name: "answers", Trouble: &control.Trouble{Code: "file.closed", Text: "closed"}}, {Name: "register", Advice: "ask the office"}},
		FrontOffices: []control.RestoredOffice{{Name: "portal", Advice: "read again"}}, Lost: 4, Back: 1,
		Missing: []restoring.LostSubmission{{At: noon, Targets: []string{"register", "paper"}}},
		Orders:  []control.RestoredOrder{{At: noon, Who: "anna", Action: "pause", Object: "register", Details: map[string]string{"why": "x", "a": "b"}}},
		Needs:   []string{"say --seq"}}
	shows(t, func(w io.Writer) { printRestored(w, r) }, `
restored at 2026-03-02 13:00:00 from a.tar, a backup of 2026-03-02 12:00:00; epoch 2
held; evidence of 2026-03-02 14:00:00

TARGET     TELLS BY  SEEN  LOST  OPEN  NUMBER KNOWN  NUMBER SEEN  NOTE
register   ledger    9     2     0     -             -            its ledger keeps no digests: forms that come again park
mainframe  files     0     0     1     4             6            what is open and does not lie there parks, unless --trust-absent
paper      none      0     0     0     -             -            cannot tell what was taken away
away       failed    0     0     0     -             -            sql.connect: cannot connect

IN-BASKET  READ AGAIN  ITEMS  NOTE
permits    yes         3      

RESULTS   READ AGAIN  ITEMS  NOTE
answers   no          0      file.closed: closed
register  no          0      ask the office

front office portal: read again

4 submissions are at targets and unknown here; came again: 1
LOST           WRITTEN              AT
0000000000000  2026-03-02 12:00:00  register, paper
and 2 more: inbasket restored --all

1 order given after the backup, which this journal has forgotten; repeat what still holds after the release.
What must not be delivered meanwhile: inbasket pause TARGET before it
ORDER  OF        GIVEN                BY    SAID
pause  register  2026-03-02 12:00:00  anna  a=b why=x

before the release:
  say --seq`)
	r = control.Restored{Held: true, Backup: noon, Restored: noon, File: "a\nb.tar", Epoch: 2, Lost: 1, Back: 1}
	shows(t, func(w io.Writer) { printRestored(w, r) }, `restored at 2026-03-02 12:00:00 from "a\nb.tar", a backup of 2026-03-02 12:00:00; epoch 2
held; what the targets have is still being looked for

1 submission is at targets and unknown here; came again: 1

next: inbasket restored release`)
	r = control.Restored{Backup: noon, Restored: noon, Released: noon, By: "anna", File: "a.tar", Lost: 3, Back: 1, Inbaskets: []control.RestoredSource{{Name: "permits", Again: true}}}
	shows(t, func(w io.Writer) {
		printRestored(w, control.Restored{Backup: noon, Restored: noon, Released: noon, By: "anna", File: "a.tar"})
	}, "restored at 2026-03-02 12:00:00 from a.tar, a backup of 2026-03-02 12:00:00; epoch 0\nreleased at 2026-03-02 12:00:00 by anna")
	shows(t, func(w io.Writer) { printReleased(w, r) }, "released by anna; in-baskets and targets work again\npermits: what it gave since the backup is read again\n2 submissions at the targets did not come again yet: inbasket restored lists them")
}

// TestPurged says what is gone, what stays and why, and what can still be read of it.
func TestPurged(t *testing.T) {
	cert := purging.Certificate{Run: 3, Count: 2, From: noon, To: noon, Digest: "ab"}
	r := control.PurgeReport{Purged: 2, Files: 1, FilesLater: 3, Overwritten: true, Certificates: []purging.Certificate{cert},
		Groups: []control.PurgeGroup{{State: journal.Closed, Keep: "90d", Count: 2, Oldest: noon}},
		Kept:   []control.Settled{{Error: &control.Error{Code: "order.not-allowed", Message: "it waits for its decision", Hint: "decide it"}}}}
	shows(t, func(w io.Writer) { printPurge(w, r) }, `
ROUTE  STATE   KEPT FOR  SUBMISSIONS  ENDED SINCE
-      closed  90d       2            2026-03-02 12:00:00
0000000000000  kept: it waits for its decision [order.not-allowed]
    decide it
2 submissions purged, 1 file removed
3 files may still be in use and follow with the next purge, from an hour on: inbasket purge --now
certificate: run 3, 2 submissions, accepted from 2026-03-02 12:00:00 to 2026-03-02 12:00:00
    SHA-256 of their IDs: ab
    the journal's file and its log were overwritten where they stood`)
	r.Overwritten, r.Groups, r.Kept, r.FilesLater = false, nil, nil, 0
	shows(t, func(w io.Writer) { printPurge(w, r) }, `2 submissions purged, 1 file removed
certificate: run 3, 2 submissions, accepted from 2026-03-02 12:00:00 to 2026-03-02 12:00:00
    SHA-256 of their IDs: ab
    the journal's log may still hold them; inbasket journal compact empties it`)
	shows(t, func(w io.Writer) { printPurge(w, control.PurgeReport{DryRun: true, Purged: 1}) }, "1 submission would be purged")
}

// TestRedelivered says what it would do, and how it is done.
func TestRedelivered(t *testing.T) {
	r := control.RedeliverReport{Target: "register", Count: 3, Left: 1, Note: "the ledger knows", Sample: []journal.Entry{{At: noon, Reference: "B-1"}}}
	shows(t, func(w io.Writer) { printRedeliver(w, r, noon) }, `3 submissions delivered to register since 2026-03-02 12:00:00 would be delivered again
  0000000000000  2026-03-02 12:00:00  B-1
  and 2 more
the ledger knows
1 submission confirmed by a person: left out, since the target may have that without knowing it; look there, then say --force
do it by the same command with --yes`)
	shows(t, func(w io.Writer) {
		printRedeliver(w, control.RedeliverReport{Target: "register", Count: 1, Done: true}, noon)
	}, "1 submission delivered to register since 2026-03-02 12:00:00 are delivered again")
}

// TestBackup says what a backup holds, and what it could not.
func TestBackup(t *testing.T) {
	m := backup.Manifest{Agency: "Bauamt", Version: "1.2.3", Made: noon, Journal: restoring.About{Submissions: 2, Events: 1, Last: noon, Held: true},
		Content: backup.Content{Files: 1, Bytes: 3 << 20, Missing: []connectors.Digest{{}}}}
	shows(t, func(w io.Writer) { printBackup(w, "a.tar", m, []string{"old.tar"}) }, `a.tar: backup of Bauamt, made 2026-03-02 12:00:00 by version 1.2.3
  journal: 2 submissions, the newest of 2026-03-02 12:00:00; 1 event, 0 results
  content: 1 file, 3.0 MiB
  the agent was held when it was made: it had been restored and not released
  not in it: 1 file that the content store had lost before; inbasket journal check names them
  verified: every byte is as it was written, and everything is there
  removed old.tar`)
	dir := t.TempDir()
	shows(t, func(w io.Writer) {
		printRestore(w, "a.tar", config.Place{State: dir}, backup.Restored{Manifest: backup.Manifest{Agency: "A", Version: "1", Made: noon}, Epoch: 3, Aside: "gone"})
	}, `a.tar: backup of A, made 2026-03-02 12:00:00 by version 1
  journal: 0 submissions; 0 events, 0 results
  content: 0 files, 0 bytes
  verified: every byte is as it was written, and everything is there
restored into `+dir+`, in epoch 3
next:
  start the agent: it is held, and finds out what happened since 2026-03-02 12:00:00
  inbasket restored
  inbasket restored release`)
}

// TestCheckup names what is wrong with its cure.
func TestCheckup(t *testing.T) {
	c := checking.Checkup{Submissions: 2, Purged: 1, Content: 4}
	shows(t, func(w io.Writer) { printCheckup(w, c, control.CheckJournalRequest{}) }, "ok  2 submissions, 1 purged")
	c.Findings = []checking.Finding{{Code: "journal.counters", Text: "a counter is wrong", Cure: "inbasket journal compact"}}
	shows(t, func(w io.Writer) { printCheckup(w, c, control.CheckJournalRequest{Content: true}) }, "WRONG  a counter is wrong [journal.counters]\n       inbasket journal compact\n1 problem: 2 submissions, 1 purged, 4 pieces of content read")
}

// TestReloaded says what changed, and what counts only later.
func TestReloaded(t *testing.T) {
	shows(t, func(w io.Writer) { printReload(w, control.ReloadReport{Warnings: "a warning\n"}) }, "a warning\nreloaded; nothing but mappings may have changed")
	shows(t, func(w io.Writer) {
		printReload(w, control.ReloadReport{Changes: []config.Change{{Section: "targets", Name: "register", Kind: config.RePointed}, {Section: "listen", Kind: config.Restart}}})
	}, "targets register: re-pointed\n  listen: changed, counts from the next start of the agent\nreloaded")
}
