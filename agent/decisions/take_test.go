package decisions

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

const (
	taken  = connectors.Taken
	repeat = connectors.Repeat
	back   = connectors.Released
)

type verdicts = []connectors.Verdict

// A result decides its submission once; it is a repeat when it comes again, and another decision when it says something else.
func TestTake(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1", "REF-2")
	o.took(verdicts{taken, taken}, row("1", "REF-1", "A"), row("2", "REF-2", "R"))
	o.took(verdicts{repeat}, row("1", "REF-1", "A"))
	expect(t, "decided", o.decided(0)+", "+o.decided(1), "approved, refused")
	o.took(verdicts{taken}, row("3", "REF-1", "R"))
	expect(t, "decided again", o.decided(0), "approved refused")
	o.took(verdicts{taken}, row("4", "REF-9", "A"))
	orphans, err := deciding.Of(o.Journal).Orphans(t.Context(), 10)
	if err != nil || len(orphans) != 1 || orphans[0].ResultID != "4" {
		t.Errorf("orphans %v, %v", orphans, err)
	}
}

// A status that the mapping does not know is parked, and goes on once the mapping knows it, also where the journal could not be
// written the first time.
func TestUnknownStatusGoesOn(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1", "REF-2", "REF-3")
	o.took(verdicts{taken, taken, taken}, row("1", "REF-1", "N"), row("2", "REF-2", "X"), row("3", "REF-3", "N"))
	expect(t, "parked", o.parked(), strings.TrimSpace(strings.Repeat(journal.CodeStatus+" ", 3)))
	knows := newOffice(t, strings.Replace(rowsMapping, "R: refused", "R: refused, N: withdrawn", 1)).route
	o.full.Store(true)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.KnownNow(t.Context(), map[string][]*prepare.Route{"register": {knows}})
	}()
	o.untilWaiting(1) // it pauses after the journal refused
	o.full.Store(false)
	o.clock.Advance(10 * time.Second)
	<-ended
	expect(t, "goes on", o.decided(0)+", "+o.decided(1)+", "+o.decided(2), "withdrawn, , withdrawn")
	expect(t, "parked", o.parked(), journal.CodeStatus)
}

// untilWaiting waits until code under test sleeps.
func (o *office) untilWaiting(n int) {
	for o.clock.Waiting() < n {
		select {
		case <-o.t.Context().Done():
			o.t.Fatal("nobody waits")
		case <-time.After(time.Millisecond):
		}
	}
}

// A column that the query does not give marks nothing: it is so with every row.
func TestTakeWithoutColumn(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	r := row("1", "REF-1", "A")
	delete(r.Fields, "STATUS")
	got, err := o.take(r)
	var told *connectors.Error
	if !errors.As(err, &told) || told.Code != CodeMissing || got[0] != back {
		t.Errorf("%v, %v", got, err)
	}
	expect(t, "decided", o.decided(0), "")
}

// What the journal cannot take is released, and nothing is told.
func TestTakeWhileTheJournalIsFull(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	o.full.Store(true)
	if got, err := o.take(row("1", "REF-1", "A")); connectors.ClassOf(err) != connectors.Transient || got[0] != back {
		t.Errorf("%v, %v", got, err)
	}
	o.full.Store(false)
	o.took(verdicts{taken}, row("1", "REF-1", "A"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	receipts, err := o.Take(ctx, "register", []connectors.Result{row("2", "REF-1", "R")}, []*prepare.Route{o.route})
	if err == nil || receipts[0].Verdict != back {
		t.Errorf("taken although the agent stops: %v, %v", receipts, err)
	}
}

// Lines that contradict each other under one ID wait, and are set aside for a person; the others of their file go on.
func TestContradictions(t *testing.T) {
	o := newOffice(t, filesMapping, "REF-1", "REF-2")
	twice := strings.Replace(filesMapping, "id: [REF, STATUS]", "id: [REF]", 1)
	o.route.Plan = newOffice(t, twice).route.Plan
	file := answerFile("d.csv", "REF,STATUS\nREF-1,A\nREF-2,R\nREF-1,R\n")
	o.took(verdicts{back}, file)
	expect(t, "decided", o.decided(0)+", "+o.decided(1), ", refused")
	if list := o.Waiting.List(health.Results, "register"); len(list) != 1 || list[0].Code != CodeTwice {
		t.Errorf("waiting: %v", list)
	}
	o.clock.Advance(11 * time.Minute)
	o.took(verdicts{taken}, file)
	expect(t, "set aside", o.parked(), CodeTwice)
	expect(t, "decided", o.decided(0)+", "+o.decided(1), ", refused")
}

// A file that no mapping can read is kept whole for a person, and an empty list of decisions is taken.
func TestAnswerFilesOfNoUse(t *testing.T) {
	o := newOffice(t, filesMapping, "REF-1")
	o.took(verdicts{taken}, answerFile("broken.csv", "REF,STATUS\n\"REF-1,A\n"))
	list, err := deciding.Of(o.Journal).ParkedResults(t.Context(), 0, 10)
	if err != nil || len(list) != 1 || list[0].Park.Code != CodeResult || !list[0].Park.Whole {
		t.Fatalf("%+v, %v", list, err)
	}
	if strings.Contains(list[0].Park.Text, "REF-1") {
		t.Error("it tells what the file says")
	}
	o.took(verdicts{repeat}, answerFile("empty.csv", "REF,STATUS\n"))
	o.took(verdicts{back}, answerFile("other.csv", "NAME,AMOUNT\nx,1\n")) // every line lacks what the mapping reads
	if list := o.Waiting.List(health.Results, "register"); len(list) != 1 || list[0].Code != CodeMissing || !list[0].SetAside.IsZero() {
		t.Errorf("waiting: %+v", list)
	}
}

// A result that no mapping reads, or that breaks the one who reads it, is kept for a person.
func TestNobodyReads(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	receipts, err := o.Take(t.Context(), "elsewhere", []connectors.Result{row("1", "REF-1", "A")}, nil)
	if err != nil || receipts[0].Verdict != taken {
		t.Fatal(receipts, err)
	}
	receipts, err = o.Take(t.Context(), "elsewhere", []connectors.Result{row("2", "REF-1", "A")}, []*prepare.Route{{Name: "without a plan"}})
	if err != nil || receipts[0].Verdict != back {
		t.Fatal(receipts, err)
	}
	expect(t, "parked", o.parked(), CodeResult)
	expect(t, "decided", o.decided(0), "")
}

// Of several mappings that can read a result, the one that knows its submission is right.
func TestTheMappingThatKnowsTheSubmission(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	other := newOffice(t, strings.NewReplacer("mapping: permit", "mapping: other", "A: approved", "A: granted").Replace(rowsMapping)).route
	for i, readers := range [][]*prepare.Route{{other, o.route}, {o.route, other}} {
		r := row("1"+string(rune('a'+i)), "REF-1", "A")
		if receipts, err := o.Take(t.Context(), "register", []connectors.Result{r}, readers); err != nil || receipts[0].Verdict != taken {
			t.Fatal(receipts, err)
		}
	}
	expect(t, "decided", o.decided(0), "approved approved")
}

// document is a row with a document that opens as it is told.
func document(id, ref string, open func() (io.ReadCloser, error)) connectors.Result {
	r := row(id, ref, "A")
	r.Fields["PDF"] = connectors.Value{Kind: connectors.Binary, Blob: &connectors.Blob{Size: 4, Open: open}}
	return r
}

// A decision is not told without its document: it waits, on record, goes on when that can be read, and is set aside in the end.
func TestDocuments(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1", "REF-2")
	readable := false
	open := func() (io.ReadCloser, error) {
		if !readable {
			return nil, fs.ErrPermission
		}
		return io.NopCloser(strings.NewReader("%PDF")), nil
	}
	o.took(verdicts{back}, document("1", "REF-1", open))
	expect(t, "not told", o.decided(0), "")
	expect(t, "on record", o.parked(), "content.unreadable")
	readable = true
	o.took(verdicts{taken}, document("1", "REF-1", open))
	expect(t, "told", o.decided(0), "approved")
	files, err := deciding.Of(o.Journal).Documents(t.Context(), o.ids[0])
	if err != nil || len(files) != 1 || files[0].Name != "permit.pdf" {
		t.Error(files, err)
	}
	readable = false
	o.took(verdicts{back}, document("2", "REF-2", open))
	o.clock.Advance(11 * time.Minute)
	o.took(verdicts{taken}, document("2", "REF-2", open))
	expect(t, "set aside", o.parked(), CodeDocument)
	expect(t, "not told", o.decided(1), "")
}

// What a source says of a result that it cannot give as it is waits by that.
func TestTroubleOfAResult(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	r := row("1", "REF-1", "A")
	r.Trouble = connectors.Errorf(connectors.ItemError, "sql.null-key", "read a result", "give each row an ID", "NULL in the key")
	o.took(verdicts{back}, r)
	o.clock.Advance(11 * time.Minute)
	o.took(verdicts{taken}, r)
	expect(t, "set aside", o.parked(), "sql.null-key")
}

// Collect settles until its source has heard it, and ends with its context.
func TestCollect(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	ctx, cancel := context.WithCancel(t.Context())
	src := &source{waiting: []connectors.Result{row("1", "REF-1", "A")}, fails: 2, done: cancel}
	ended := make(chan struct{})
	go func() { defer close(ended); o.Collect(ctx, "register", src, []*prepare.Route{o.route}) }()
	for range 2 {
		o.untilWaiting(1)
		o.clock.Advance(time.Minute)
	}
	<-ended
	if len(src.settled) != 1 || src.settled[0].Verdict != taken {
		t.Errorf("told: %v", src.settled)
	}
}

// A decision that is late is told once, and not because a clock was set.
func TestDeadlines(t *testing.T) {
	o := newOffice(t, rowsMapping, "REF-1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Deadlines(ctx, map[string]*prepare.Route{"permits": o.route}) }()
	late := func() (n int) {
		events, err := telling.Of(o.Journal).EventsOf(ctx, o.ids[0])
		o.must(err)
		for _, e := range events {
			if e.Type == "overdue" {
				n++
			}
		}
		return n
	}
	o.untilWaiting(1)
	o.clock.Advance(25 * time.Hour) // a clock that jumps may be wrong
	o.untilWaiting(1)
	if n := late(); n != 0 {
		t.Errorf("told %d times by a clock that may be wrong", n)
	}
	o.clock.Advance(clockPatience)
	for range 3 {
		o.untilWaiting(1)
		o.clock.Advance(time.Minute)
	}
	o.untilWaiting(1)
	if n := late(); n != 1 {
		t.Errorf("told %d times", n)
	}
	cancel()
	<-ended
}

// pushing is a webhook that answers as it is told.
type pushing struct {
	connectors.FrontOffice
	answer func([]connectors.Event) ([]connectors.Outcome, error)
}

func (p pushing) Publish(_ context.Context, events []connectors.Event) ([]connectors.Outcome, error) {
	return p.answer(events)
}

// Push tells a front office each event until it has it, ever more rarely, and gives up at the end of its schedule or when the
// front office will not have it.
func TestPush(t *testing.T) {
	o := newOffice(t, rowsMapping)
	o.Journal.EnablePush("portal", true)
	o.accept("REF-1")
	trouble := o.Counters.Trouble(health.FrontOffice, "portal", o.Log)
	due := func() []telling.Push {
		list, err := telling.Of(o.Journal).DuePushes(t.Context(), "portal", o.clock.Now(), 100)
		o.must(err)
		return list
	}
	schedule := []time.Duration{0, time.Minute, time.Hour}
	push := func(answer func([]connectors.Event) ([]connectors.Outcome, error)) {
		t.Helper()
		list := due()
		if len(list) != 1 {
			t.Fatalf("%d are due", len(list))
		}
		o.pushAll(t.Context(), "portal", pushing{answer: answer}, list, schedule, trouble)
	}
	says := func(class connectors.Class) func([]connectors.Event) ([]connectors.Outcome, error) {
		return func(events []connectors.Event) ([]connectors.Outcome, error) {
			return []connectors.Outcome{{Key: events[0].ID, Class: class, Code: "webhook.status", Text: "500"}}, nil
		}
	}
	first := due()[0].Event
	push(func([]connectors.Event) ([]connectors.Outcome, error) { return nil, io.ErrUnexpectedEOF })
	if n := len(due()); n != 0 {
		t.Errorf("%d due at once after a failure", n)
	}
	o.clock.Advance(time.Minute)
	push(says(connectors.Transient))
	o.clock.Advance(time.Hour)
	push(says(connectors.Written))
	second := due()
	if len(second) != 1 || second[0].Event.Seq <= first.Seq {
		t.Fatalf("after the first: %v", second)
	}
	push(says(connectors.ItemError)) // it will never have it
	o.clock.Advance(48 * time.Hour)
	if n := len(due()); n != 0 {
		t.Errorf("%d due after it was given up", n)
	}
}
