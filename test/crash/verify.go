package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/straight"
)

// findings are what is wrong in the end.
type findings struct {
	lost, doubled, stuck int
	lines                []string
}

func (f *findings) miss(format string, args ...any) {
	f.lost++
	f.lines = append(f.lines, "lost: "+fmt.Sprintf(format, args...))
}

func (f *findings) double(format string, args ...any) {
	f.doubled++
	f.lines = append(f.lines, "doubled: "+fmt.Sprintf(format, args...))
}

func (f *findings) stick(format string, args ...any) {
	f.stuck++
	f.lines = append(f.lines, "stuck: "+fmt.Sprintf(format, args...))
}

// settle runs the agent undisturbed until every submission has its last word and is everywhere it
// belongs, or two minutes have passed, and says what is wrong.
func (w *world) settle(ctx context.Context, a *running) (*findings, error) {
	defer a.kill()
	if !w.ready(20 * time.Second) {
		return nil, fmt.Errorf("the agent is not ready after 20 s")
	}
	sent := make(chan struct{})
	go func() { w.sender.open.Wait(); close(sent) }()
	limit := time.After(2 * time.Minute)
	for done := false; !done; {
		select {
		case <-sent:
			done = w.settled(ctx)
		case <-limit:
			done = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if done || a.ended(300*time.Millisecond) {
			break
		}
	}
	// What comes late would be one too many.
	time.Sleep(time.Second)
	f, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	if f.lost+f.doubled+f.stuck > 0 {
		fmt.Println(w.status(ctx))
	}
	return f, a.stop()
}

// settled tells whether nothing is missing any more.
func (w *world) settled(ctx context.Context) bool {
	f, err := w.look(ctx)
	return err == nil && f.lost+f.stuck == 0
}

// look compares everything with what was sent.
func (w *world) look(ctx context.Context) (*findings, error) {
	f := &findings{}
	letters := w.sender.all()
	if err := w.lookDatabase(ctx, f, letters, true); err != nil {
		return nil, err
	}
	w.lookDrop(f, letters)
	if err := w.lookBatches(f, letters); err != nil {
		return nil, err
	}
	if err := w.lookEvents(ctx, f, letters); err != nil {
		return nil, err
	}
	w.lookWithin(ctx, f)
	for _, pattern := range []string{"*.json", "*.pdf", "error/*"} {
		left, _ := filepath.Glob(filepath.Join(w.Dir, "in", pattern))
		for _, name := range left {
			if !strings.HasPrefix(filepath.Base(name), ".") { // what connectors keep for themselves
				f.stick("%s is still in the in-basket", filepath.Base(name))
			}
		}
	}
	for _, name := range w.taker.left() {
		f.stick("%s was left at a target", name)
	}
	w.sender.mu.Lock()
	defer w.sender.mu.Unlock()
	for _, line := range w.sender.wrong {
		f.miss("%s", line)
	}
	return f, nil
}

// lookWithin asks the agent itself: everything is closed or rejected, nothing parked or open.
func (w *world) lookWithin(ctx context.Context, f *findings) {
	out, err := w.command(ctx, "status", "--json")
	var s control.Status
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		f.stick("status: %v", err)
		return
	}
	for state, n := range s.States {
		if n > 0 && state != journal.Closed && state != journal.Rejected {
			f.stick("%d submissions are %s", n, state)
		}
	}
	for _, t := range s.Targets {
		if t.Open > 0 || t.Parked > 0 || t.Trouble != nil || t.Batch != nil && t.Batch.Sealed > 0 {
			f.stick("target %s: %d open, %d parked, %+v", t.Name, t.Open, t.Parked, t.Trouble)
		}
	}
	if s.Orphans > 0 {
		f.stick("%d results fit no submission", s.Orphans)
	}
}

// lookDatabase holds every row of every table against the forms, value by value. Unless all is over, rows may be missing.
func (w *world) lookDatabase(ctx context.Context, f *findings, letters []letter, over bool) error {
	db, err := sql.Open("pgx", w.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	w.cases = map[string]int64{}
	for _, name := range []string{"mapping.yaml", "notice.yaml"} {
		plan, err := load.Mapping(os.DirFS(w.base), name, nil)
		if err != nil {
			return err
		}
		var forms []*straight.Form
		for _, l := range letters {
			if !l.Wrong && l.Notice == (name == "notice.yaml") {
				forms = append(forms, &straight.Form{Name: l.Ref, Bytes: l.bytes()})
			}
		}
		found, err := straight.Database{DB: tx, Plan: plan, Target: "register"}.Compare(ctx, forms)
		if err != nil {
			return err
		}
		for _, line := range found.Extra {
			f.double("the database: %s", line)
		}
		for _, line := range found.Missing {
			if over {
				f.miss("the database: %s", line)
			}
		}
		for _, form := range forms {
			w.cases[form.Name] = form.Returned["application.id"].Int
		}
	}
	return nil
}

// files returns what the drop is to get for a letter, by name.
func (w *world) files(l letter) map[string]string {
	switch {
	case l.Wrong:
		return nil
	case l.Notice:
		return map[string]string{l.Ref + ".csv": l.Ref + ";" + l.Name + "\n", l.Ref + "-1.pdf": string(l.attachment()), l.Ref + ".ok": ""}
	default:
		return map[string]string{l.Ref + ".csv": fmt.Sprintf("%s;%s;%d\n", l.Ref, l.Name, w.cases[l.Ref]), l.Ref + ".ok": ""}
	}
}

func (w *world) lookDrop(f *findings, letters []letter) {
	files, wrong := w.taker.got()
	for _, line := range wrong {
		f.double("%s", line)
	}
	for _, l := range letters {
		for name, want := range w.files(l) {
			if got, ok := files[name]; !ok {
				f.miss("%s in the drop", name)
			} else if got != want {
				f.miss("%s was dropped as %q, want %q", name, got, want)
			}
			delete(files, name)
		}
	}
	for name := range files {
		f.double("%s lay in the drop for no form", name)
	}
}

// lookBatches reads every batch file: numbers without gap, right trailers, each form once.
func (w *world) lookBatches(f *findings, letters []letter) error {
	entries, err := os.ReadDir(w.taker.kept)
	if err != nil {
		return err
	}
	lines := map[string]int{}
	for i, e := range entries {
		if want := fmt.Sprintf("PERM%06d.DAT", i+1); e.Name() != want {
			f.miss("batch file %s, want %s", e.Name(), want)
			continue
		}
		b, err := os.ReadFile(filepath.Join(w.taker.kept, e.Name()))
		if err != nil {
			return err
		}
		readBatch(f, i+1, string(b), w.fill, lines)
	}
	for _, l := range letters {
		key := fmt.Sprintf("%-20s%09d", l.Ref, l.Cents)
		n := lines[key]
		delete(lines, key)
		switch {
		case (l.Notice || l.Wrong) && n > 0:
			f.double("%s is in the batches, and has no line", l.Ref)
		case l.Notice || l.Wrong:
		case n == 0:
			f.miss("%s in the batches", l.Ref)
		case n > 1:
			f.double("%s is in the batches %d times", l.Ref, n)
		}
	}
	for key := range lines {
		f.double("the batches have %s for no form", key)
	}
	return nil
}

// lineLength is the length of a line of a batch in bytes, without what lengthens it and without its end.
const lineLength = 49

func readBatch(f *findings, seq int, text string, fill int, lines map[string]int) {
	records := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if len(records) < 2 || records[0] != fmt.Sprintf("H%06d", seq) {
		f.miss("batch %d has %d records and begins with %q", seq, len(records), records[0])
		return
	}
	total := 0
	for _, r := range records[1 : len(records)-1] {
		if len(r) != lineLength+fill {
			f.miss("batch %d has a line of %d bytes", seq, len(r))
			continue
		}
		cents, err := strconv.Atoi(r[40:49])
		if err != nil {
			f.miss("batch %d has the amount %q", seq, r[40:49])
		}
		total += cents
		lines[r[:20]+r[40:49]]++
	}
	trailer := records[len(records)-1]
	if want := fmt.Sprintf("T%08d%013d", len(records)-2, total); trailer != want {
		f.miss("batch %d ends with %q, want %q", seq, trailer, want)
	}
}

// lookEvents compares what the front office has read across all kills with what it reads now from the
// beginning, and with the webhooks: no event skipped, changed or doubled, one last word each.
func (w *world) lookEvents(ctx context.Context, f *findings, letters []letter) error {
	events, err := w.office.follow(ctx)
	if err != nil {
		return err
	}
	seen := w.office.seen()
	for i, e := range events {
		if i >= len(seen) {
			f.stick("the front office has not read event %s yet", e.ID)
			break
		}
		if seen[i] != e {
			f.miss("event %d is %+v, and the front office had read %+v", i+1, e, seen[i])
			break
		}
	}
	for _, line := range w.office.complaints() {
		f.miss("%s", line)
	}
	by := map[string][]event{}
	for _, e := range events {
		by[e.Reference] = append(by[e.Reference], e)
		if !w.office.has(e.ID) {
			f.stick("no webhook came for the event %s of %s", e.Type, e.Reference)
		}
	}
	for _, l := range letters {
		w.lookHistory(f, l, by[l.Ref])
		if len(by[l.Ref]) > 0 && !l.Notice && !l.Wrong {
			w.lookDecision(ctx, f, l, by[l.Ref][0].Submission)
		}
		delete(by, l.Ref)
	}
	for ref := range by {
		f.double("there are events for %q, which was never sent", ref)
	}
	return nil
}

// lookDecision compares the decision that the front office can fetch with what the back office ruled.
func (w *world) lookDecision(ctx context.Context, f *findings, l letter, id string) {
	var s struct {
		Decision struct {
			Outcome string `json:"outcome"`
		} `json:"decision"`
		Documents []struct {
			Location string `json:"location"`
		} `json:"documents"`
	}
	b, err := w.office.call(ctx, http.MethodGet, "/v1/submissions/"+id, nil)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	want := "approved"
	if w.cases[l.Ref]%3 == 0 {
		want = "refused"
	}
	switch {
	case err != nil || s.Decision.Outcome == "":
		f.stick("the decision on %s: %v", l.Ref, err)
	case s.Decision.Outcome != want || len(s.Documents) != 1:
		f.miss("%s was told %q with %d documents, and the office ruled %q with one", l.Ref, s.Decision.Outcome, len(s.Documents), want)
	default:
		letter, err := w.office.call(ctx, http.MethodGet, s.Documents[0].Location, nil)
		if err != nil || string(letter) != "permit of "+l.Ref {
			f.miss("the document for %s is not the office's (%v)", l.Ref, err)
		}
	}
}

func (w *world) lookHistory(f *findings, l letter, events []event) {
	var types, finals []string
	ids := map[string]bool{}
	for _, e := range events {
		types = append(types, e.Type)
		ids[e.Submission] = true
		if e.Final {
			finals = append(finals, e.Type)
		}
	}
	want := []string{"accepted", "delivered", "decided"}
	switch {
	case l.Wrong:
		want = []string{"accepted", "rejected"}
	case l.Notice:
		want = []string{"accepted", "delivered"}
	}
	last := want[len(want)-1:]
	switch {
	case len(ids) > 1:
		f.double("%s is %d submissions", l.Ref, len(ids))
	case len(types) == 0:
		f.miss("%s has no events", l.Ref)
	case len(types) < len(want) || len(finals) == 0:
		f.stick("%s has no last word, only %v", l.Ref, types)
	case !equalSets(types, want):
		f.double("%s has the events %v, want %v", l.Ref, types, want)
	case !slices.Equal(finals, last):
		f.double("%s has the last words %v, want %v", l.Ref, finals, last)
	}
	w.sender.mu.Lock()
	at := w.sender.ids[l.Ref]
	w.sender.mu.Unlock()
	if at != "" && !ids[filepath.Base(at)] {
		f.miss("%s was said to be at %s, and is %v", l.Ref, at, ids)
	}
}

// equalSets compares without regard to order: an office may decide before the nightly batch has left.
func equalSets(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
