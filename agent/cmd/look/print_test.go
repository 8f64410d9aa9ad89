package look

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/numbering"
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

// TestStatus shows everything that can be wrong at once.
func TestStatus(t *testing.T) {
	trouble := &control.Trouble{Code: "sql.login", Text: "the login is refused", Since: noon, RetryAt: noon.Add(time.Minute)}
	s := control.Status{Running: true, Agency: "Bauamt", Version: "1.2.3", PID: 7, Started: noon,
		States:  map[journal.State]int64{journal.Accepted: 3, journal.Parked: 1, journal.Closed: 9},
		Held:    &control.Trouble{Code: "agent.held", Text: "restored", Next: "inbasket restored"},
		Journal: &control.Trouble{Code: "journal.full", Text: "the disk is full", Next: "make room"},
		Stuck:   []control.Trouble{{Code: "agent.stuck", Text: "lane register", Next: "restart"}},
		Targets: []control.TargetStatus{
			{Name: "register", Type: "postgres", Circuit: "open", Open: 3, Parked: 1, Oldest: noon.Add(-3 * time.Hour), Trouble: trouble, Stopped: 2, StoppedBy: "0AM3VFP48PSNZ"},
			{Name: "mainframe", Type: "ftp", Circuit: "closed", Batch: &control.BatchStatus{LastSeq: 4, Count: 2, ClosesAt: noon, Sealed: 1}},
			{Name: "paper", Type: "folder", Paused: true, Why: "cleaning"}},
		Inbaskets: []control.SourceStatus{{Name: "permits", Type: "folder", Taken: 12, Last: noon,
			Waiting: []control.WaitingItem{{Item: "form a\nb.json", Code: "file.closed", Text: "closed", Next: "open it", Since: noon, SetAside: noon.Add(time.Hour)}}}},
		FrontOffices: []control.OfficeStatus{{Name: "portal", Push: "webhook", Backlog: 5, Quota: &control.QuotaStatus{Rate: "50/s", BytesPerDay: 100, Bytes: 10, OpenLimit: 9, Open: 2, Refused: map[string]int64{"rate": 3}}}, {Name: "app"}},
		Routes:       []journal.RouteSummary{{Route: "permit", States: map[journal.State]int64{journal.Accepted: 3}, Oldest: noon.Add(-50 * time.Hour)}},
		Orphans:      1, ParkedResults: 2, Notices: []control.Notice{{At: noon, Code: "a.b", Text: "look here", Count: 3}}, Backup: noon}
	shows(t, func(w io.Writer) { printStatus(w, s, noon) }, `
Bauamt: running since 2026-03-02 12:00:00 (version 1.2.3, process 7)
3 accepted, 9 closed, 1 parked
  agent: restored [agent.held]
    inbasket restored
  journal: the disk is full [journal.full]
    make room
  agent: lane register [agent.stuck]
    restart

targets
  register   postgres  circuit open      3 open  1 parked  oldest 3h
  mainframe  ftp       ok                0 open  0 parked  
  paper      folder    paused: cleaning  0 open  0 parked  
  register: 2 deliveries wait behind 0AM3VFP48PSNZ of the same order key: inbasket show 0AM3VFP48PSNZ
  register: the login is refused [sql.login] since 2026-03-02 12:00:00, next try 2026-03-02 12:01:00
    mend the target's configuration
  mainframe: last batch 4, 2 collected, closes at 2026-03-02 12:00:00, 1 sealed and waiting

in-baskets
  permits  folder  12 taken  last 2026-03-02 12:00:00
  permits: "form a\nb.json": closed [file.closed] since 2026-03-02 12:00:00
    open it
    the others go on; it is set aside at 2026-03-02 13:00:00

front offices
  portal  webhook, 5 waiting  quota: rate 50/s, 10 of 100 bytes today, 2 of 9 open, 3 refused by rate
  app     polls

routes
  permit  3 accepted  oldest 2d
1 result of the back office fits no submission: inbasket results --orphans
2 results of the back office wait for a person: inbasket results --parked
note 2026-03-02 12:00:00 look here [a.b, 3 times]
last backup 2026-03-02 12:00:00

1 submission waits for a person: inbasket list --state parked, then inbasket show ID`)
	shows(t, func(w io.Writer) { printStatus(w, control.Status{Agency: "Bauamt"}, noon) }, "Bauamt: the agent does not run; this is its journal\nno submissions yet")
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Second: "5s", 61 * time.Second: "1min", 3 * time.Hour: "3h", 47 * time.Hour: "47h", 49 * time.Hour: "2d"} {
		if got := age(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// TestView shows one submission with what happened to it.
func TestView(t *testing.T) {
	v := control.View{Entry: journal.Entry{State: journal.Parked, Code: "sql.length", Route: "permit", Reference: "B-1", At: noon}, Text: "too long", Next: "shorten it", Mapping: "permit version 1",
		Attachments: []control.File{{ContentType: "application/pdf", Size: 9}},
		Deliveries:  []control.Delivery{{Target: "register", Progress: journal.Held, Attempts: 1, Code: "sql.length", Text: "too long", Next: "mend"}, {Target: "mainframe", Progress: journal.Done, Attempts: 2, Batch: 17}},
		Errors:      []journal.FieldError{{Pointer: "/a", Message: "is missing", Code: "required"}},
		Results:     []control.Result{{ResultID: "9", Source: "register", At: noon, Outcome: "approved", CaseNo: "4711", Reason: "fits", Documents: []control.File{{Name: "permit.pdf", Size: 3}}, By: "anna"}},
		Raw:         []string{"ERROR:\n22001"},
		Timeline:    []journal.Moment{{At: noon, What: "parked", Target: "register", Code: "sql.length", By: "anna"}}}
	shows(t, func(w io.Writer) { printView(w, v) }, `
submission    0000000000000
state         parked
why           too long [sql.length]
next          shorten it
route         permit
reference     B-1
accepted      2026-03-02 12:00:00
mapping       permit version 1
attachment 1  application/pdf, 9 bytes

to register: parked, 1 attempt
  why   too long [sql.length]
  next  mend

to mainframe: delivered, 2 attempts, batch 17
wrong in the form: /a: is missing [required]

result 9 from register at 2026-03-02 12:00:00: approved, by anna
  case      4711
  reason    fits
  document  permit.pdf (3 bytes)

raw: "ERROR:\n22001"

timeline
  2026-03-02 12:00:00  parked  register  sql.length · by anna`)
	v = control.View{Entry: journal.Entry{State: journal.Purged, Code: "closed", At: noon}}
	shows(t, func(w io.Writer) { printView(w, v) }, "submission  0000000000000\nstate       purged\nwas         closed\naccepted    2026-03-02 12:00:00\n\ntimeline")
}

// TestLists says what to do with what is listed, and what an empty list means.
func TestLists(t *testing.T) {
	for _, c := range []struct {
		print func(io.Writer)
		want  string
	}{
		{func(w io.Writer) { printList(w, nil, 0) }, "no submissions"},
		{func(w io.Writer) {
			printList(w, []journal.Entry{{State: journal.Closed, At: noon, Reference: "B\x1b[2J"}}, 1)
		}, "ID             STATE   ROUTE  ACCEPTED             REFERENCE   WHY\n0000000000000  closed  -      2026-03-02 12:00:00  \"B\\x1b[2J\"  \nthere may be more: inbasket list --after 0000000000000"},
		{func(w io.Writer) { printSequences(w, nil) }, "no sequences"},
		{func(w io.Writer) {
			printSequences(w, []numbering.Series{{Name: "case/2026", Last: 41, Known: true}, {Name: "file", Last: 7}})
		}, "SERIES     LAST  KNOWN\ncase/2026  41    yes\nfile       7     no: the journal was restored"},
		{func(w io.Writer) { printBatches(w, nil) }, "no batches"},
		{func(w io.Writer) {
			printBatches(w, []control.Batch{{Target: "mainframe", Seq: 4, Name: "P4.DAT", Progress: journal.Held, Members: 2, Size: 80, SealedAt: noon, Why: "count"}})
		}, "TARGET     NUMBER  FILE    STATE   FORMS  BYTES  SEALED               CLOSED BY\nmainframe  4       P4.DAT  parked  2      80     2026-03-02 12:00:00  count"},
		{func(w io.Writer) { printWaiting(w, nil) }, "no result waits for a person"},
		{func(w io.Writer) {
			printWaiting(w, []control.Waiting{{N: 42, Result: control.Result{Source: "register", At: noon, Code: "result.orphan"}, Kind: "orphan", Text: "fits nothing", Next: "attach it"}, {Result: control.Result{Source: "answers", At: noon, Code: "answer.column"}, Kind: "waits", About: "a.csv"}})
		}, `NUMBER  SOURCE    KIND    RECEIVED             ABOUT  MEANS  STATUS  DOCUMENTS  WHY
42      register  orphan  2026-03-02 12:00:00  -      -      -       0          result.orphan
-       answers   waits   2026-03-02 12:00:00  a.csv  -      -       0          answer.column
  42: fits nothing [result.orphan] since 2026-03-02 12:00:00
    attach it
give one to its submission by: inbasket results attach NUMBER ID; or set it aside by: inbasket results drop NUMBER`},
		{func(w io.Writer) { printAudit(w, nil) }, "nothing is on record"},
		{func(w io.Writer) {
			printAudit(w, []audit.Entry{{N: 1, At: noon, Who: "anna", Via: "cli", Action: "reject", Details: map[string]string{"b": "2", "a": "1"}}})
		}, "ENTRY  TIME                 WHO   VIA  ACTION  OBJECT  DETAILS\n1      2026-03-02 12:00:00  anna  cli  reject  -       a: 1; b: 2"},
	} {
		shows(t, c.print, c.want)
	}
}

// TestVerified says where an audit log is wrong, and what must be written down of one that is right.
func TestVerified(t *testing.T) {
	shows(t, func(w io.Writer) { printVerified(w, audit.Report{OK: true}) }, "the audit log is empty")
	shows(t, func(w io.Writer) {
		printVerified(w, audit.Report{File: "audit-000001.jsonl", Line: 3, Wrong: "the line is not an entry", Entries: 2})
	}, "WRONG  audit-000001.jsonl, line 3: the line is not an entry [audit.broken]\n       the 2 entries before it are as they were written\n       keep a copy of the folder audit below state, and find out who could write there")
	shows(t, func(w io.Writer) {
		printVerified(w, audit.Report{OK: true, Entries: 5, First: 3, Since: noon, Writing: true, Memory: "the journal", Head: audit.Head{Hash: "ab"}})
	}, "ok  5 entries since 2026-03-02 12:00:00 are as they were written\n    the log begins with entry 3: older files were taken away\n    the last line is not finished: it is being written, or the next start of the agent sets it aside\n    its end is what is remembered by: the journal\n    write this down somewhere else, for --head: ab")
}

// TestExamination names an area once, and what helps beneath; its exit code tells a wrong configuration from other faults.
func TestExamination(t *testing.T) {
	e := control.Examination{Account: "inbasket", Version: "1.2.3", Inside: true, Findings: []control.Finding{
		{Area: "disk", Level: control.LevelOK, Subject: "state", Text: "plenty"}, {Area: "disk", Level: control.LevelWarn, Text: "slow", Code: "disk.slow", Cure: "look at it"}}}
	shows(t, func(w io.Writer) { printExamination(w, e, "a.yaml") }, "a.yaml: the agent itself looked, as inbasket, inbasket 1.2.3\nok    disk  state  plenty\nwarn        -      slow [disk.slow]\n                   → look at it\n1 ok, 1 warn, 0 fail")
	for area, want := range map[string]error{"": nil, "disk": cli.Exit(cli.ExitFailure), "config": cli.Exit(cli.ExitConfig)} {
		seen := e
		if area != "" {
			seen.Findings = []control.Finding{{Area: area, Level: control.LevelFail}}
		}
		if err := verdictOf(seen); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", area, err, want)
		}
	}
}

// TestSamePath sees through links.
func TestSamePath(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	if err := errors.Join(os.WriteFile(real, nil, 0o600), os.Symlink(real, link)); err != nil {
		t.Skip(err)
	}
	if !samePath(real, link) || samePath(real, filepath.Join(dir, "c.yaml")) {
		t.Error("links are not followed, or everything is the same")
	}
}

// TestNotSandbox keeps how a service is run out of what it is run in.
func TestNotSandbox(t *testing.T) {
	for key, want := range map[string]bool{"ExecStart": true, "ExecPaths": false, "RuntimeDirectory": false, "RuntimeMaxSec": true, "Type": true, "User": false, "WatchdogSec": true, "ProtectHome": false} {
		if notSandbox(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}

// TestNotFound words an error for people, and leaves others as they are.
func TestNotFound(t *testing.T) {
	if err := notFound(journal.ErrNotFound, 0); err == nil || !strings.Contains(err.Error(), "there is no submission 0000000000000") {
		t.Errorf("%v", err)
	}
	other := connectors.Errorf(connectors.TargetError, "a.b", "read", "", "broken")
	if err := notFound(other, 0); !errors.Is(err, other) || notFound(nil, 0) != nil {
		t.Errorf("%v", err)
	}
}

// TestEndOfLog keeps whole lines.
func TestEndOfLog(t *testing.T) {
	short := []byte("one\ntwo\n")
	if got := end(short, nil); string(got) != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
	long := []byte(strings.Repeat("a line of the log\n", logEnd/10))
	got := string(end(long, nil))
	if len(got) > logEnd || len(got) < logEnd-20 || !strings.HasPrefix(got, "a line") || !strings.HasSuffix(got, "log\n") {
		t.Errorf("%d bytes, %.20q", len(got), got)
	}
	if got := end(nil, io.EOF); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
