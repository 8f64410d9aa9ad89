package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

// property is one promise that is checked after each run.
type property string

const (
	exactlyOnce property = "each acknowledged form is in each target exactly once, or rejected, or parked"
	rightValues property = "targets hold what the forms said"
	oneEnd      property = "one final event each"
	order       property = "deliveries with the same order key go in the order of acceptance"
	numbers     property = "no gap in the numbers of batches, and none twice"
	results     property = "a result is never lost"
	owner       property = "nothing ends silently: every open item has an owner"
	agreement   property = "journal, targets and events agree"
)

// finding is one promise that was broken.
type finding struct {
	property property
	text     string
}

func (w *world) fail(p property, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.findings = append(w.findings, finding{p, strings.ReplaceAll(fmt.Sprintf(format, args...), w.dir, "DIR")})
}

// byReference sorts a table's rows by a reference.
func (d *database) byReference(table, field string) map[string][]row {
	rows := map[string][]row{}
	for _, r := range d.rows {
		if r.table == table {
			rows[r.fields[field].Str] = append(rows[r.fields[field].Str], r)
		}
	}
	return rows
}

// line is what a file said of one form.
type line struct {
	name string
	more string
	seq  int64 // of its batch
	file string
}

// dropped sorts what lies in the drop, or was taken from there, by reference.
func (w *world) dropped() map[string][]line {
	lines := map[string][]line{}
	for _, f := range w.folders["drop"].all() {
		if ref, isForm := strings.CutSuffix(f.name, ".csv"); isForm {
			_, name, _ := strings.Cut(strings.TrimSpace(string(f.bytes)), ",")
			lines[ref] = append(lines[ref], line{name: name, file: f.name})
		}
	}
	return lines
}

// batched sorts the lines of all batch files by reference.
func (w *world) batched() map[string][]line {
	lines := map[string][]line{}
	for _, f := range w.folders["batches"].all() {
		for text := range strings.Lines(string(f.bytes)) {
			if text = strings.TrimRight(text, "\r\n"); len(text) == 44 {
				ref := strings.TrimSpace(text[:12])
				lines[ref] = append(lines[ref], line{strings.TrimSpace(text[12:32]), strings.TrimSpace(text[32:]), seqOf(f.name), f.name})
			}
		}
	}
	return lines
}

// check compares everything with what was sent. The agent runs, and nothing is under way.
func (w *world) check() {
	ctx, cancel := patience()
	defer cancel()
	views, err := w.views(ctx)
	if err != nil {
		w.fail(owner, "the agent does not answer: %v", err)
		return
	}
	w.checkForms(views)
	byRef := map[string][]control.View{}
	for _, v := range views {
		byRef[v.Reference] = append(byRef[v.Reference], v)
	}
	w.locked(func() { w.checkTargets(byRef) })
	if w.ordered && !w.restored {
		w.checkOrder(views)
	}
	w.checkNumbers()
	for _, v := range views {
		w.checkView(v, views)
		w.checkEvents(v)
	}
	w.checkResults(ctx, views)
	w.checkJournal(ctx, views)
}

// views reads all that the journal says.
func (w *world) views(ctx context.Context) (views []control.View, err error) {
	list, err := orders.List.Ask(ctx, w.client(), control.ListRequest{Limit: 1000})
	for _, e := range list {
		if err != nil {
			return nil, err
		}
		var v control.View
		v, err = orders.Show.Ask(ctx, w.client(), control.ShowRequest{ID: e.ID})
		switch {
		case w.breaks(wrongState):
			v.State = journal.Closed
		case w.breaks(dropReason):
			v.Next = ""
		}
		views = append(views, v)
	}
	slices.SortFunc(views, func(a, b control.View) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	return views, err
}

// checkForms: what was acknowledged is known.
func (w *world) checkForms(views []control.View) {
	known := map[string]bool{}
	for _, v := range views {
		known[v.ID.String()] = true
	}
	for _, it := range w.box.items {
		if it.verdict == connectors.Released {
			w.fail(owner, "%s still lies in the in-basket", it.name)
		}
		if it.id != "" {
			w.acknowledged(it.form, it.id)
		} else if it.verdict != connectors.Released {
			w.fail(exactlyOnce, "%s left the in-basket as %s and nobody knows it", it.name, it.verdict)
		}
	}
	for _, f := range w.forms {
		for i, id := range f.ids {
			if !known[id] && (!w.restored || i == len(f.ids)-1 && !w.refusedSince(f)) {
				w.fail(exactlyOnce, "%s was acknowledged as %s, which the journal does not know", f.label(), id)
			}
		}
	}
}

// refusedSince tells whether a form that was lost with the disk, and that no target has, was refused when it came again: its
// reference belongs to another one by then, and its sender knows.
func (w *world) refusedSince(f *form) (refused bool) {
	w.locked(func() {
		refused = f.refused == http.StatusConflict && !slices.ContainsFunc(w.register.byReference("APPLICATION", "FORM_REF")[f.ref], func(r row) bool { return strings.EqualFold(r.fields["NAME"].Str, f.name) })
	})
	return refused
}

// of finds the form that a submission is.
func (w *world) of(v control.View) *form { return w.sent(v.ID.String()) }

// sent finds the form that was acknowledged under an ID.
func (w *world) sent(id string) *form {
	for _, f := range w.forms {
		if slices.Contains(f.ids, id) {
			return f
		}
	}
	for _, it := range w.box.items {
		if it.id == id {
			return it.form
		}
	}
	return nil
}

// checkTargets compares targets with the journal, reference by reference. The lock is held.
func (w *world) checkTargets(byRef map[string][]control.View) {
	fail := func(p property, format string, args ...any) {
		w.findings = append(w.findings, finding{p, fmt.Sprintf(format, args...)})
	}
	applications, parcels := w.register.byReference("APPLICATION", "FORM_REF"), map[string][]row{}
	for _, r := range w.register.rows {
		if r.table == "PARCEL" {
			parcels[r.key] = append(parcels[r.key], r)
		}
	}
	copies, dropped, batched := w.plain.byReference("COPY", "REF"), w.dropped(), w.batched()
	seen := map[string]bool{}
	for _, f := range w.forms {
		if seen[f.ref] {
			continue
		}
		seen[f.ref] = true
		count := map[string]int{"register": len(applications[f.ref]), "plain": len(copies[f.ref]), "drop": len(dropped[f.ref]), "batches": len(batched[f.ref])}
		done, unclear, writer := map[string]int{}, map[string]bool{}, (*form)(nil)
		for _, v := range byRef[f.ref] {
			for _, d := range v.Deliveries {
				switch d.Progress {
				case journal.Done:
					done[d.Target]++
					writer = w.of(v)
				case journal.Skipped:
				default:
					unclear[d.Target] = true
				}
			}
		}
		for _, target := range []string{"register", "plain", "drop", "batches"} {
			n, d := count[target], done[target]
			switch scopes := w.scopes(f.ref); {
			case n == d && d <= scopes, n == d+1 && unclear[target] && n <= scopes:
			case w.restored && (n > d || n == d && d <= w.variants(f.ref)): // the first may have come again after the second
			default:
				fail(exactlyOnce, "%s is %d times in %s, delivered %d times, perhaps there once more: %v", f.label(), n, target, d, unclear[target])
			}
		}
		if writer == nil || w.scopes(f.ref) > 1 {
			continue
		}
		w.checkValues(f, writer, applications[f.ref], parcels, copies[f.ref], batched[f.ref], slices.Concat(dropped[f.ref], batched[f.ref]), fail)
	}
}

// checkValues compares what targets have of a reference with what the form said, or after a restore one of its forms.
func (w *world) checkValues(f, writer *form, applications []row, parcels map[string][]row, copies []row, batched, lines []line, fail func(property, string, ...any)) {
	said := func(name string) *form {
		for _, o := range w.forms {
			if (o == writer || w.restored && o.ref == f.ref) && strings.EqualFold(o.name, name) {
				return o
			}
		}
		return nil
	}
	for _, r := range applications {
		o := said(r.fields["NAME"].Str)
		if o == nil || r.fields["NAME"].Str != strings.ToUpper(o.name) {
			fail(rightValues, "%s has the name %q in register", f.label(), r.fields["NAME"].Str)
			continue
		}
		var got []string
		for _, p := range parcels[r.key] {
			got = append(got, p.fields["NUMBER"].Str)
			if p.fields["APP_ID"].Int != r.fields["ID"].Int {
				fail(rightValues, "a parcel of %s has the application %v, not %v", f.label(), p.fields["APP_ID"], r.fields["ID"])
			}
		}
		if !slices.Equal(got, o.parcels) {
			fail(rightValues, "%s has the parcels %v in register", f.label(), got)
		}
		for _, c := range copies {
			if w.depends && c.fields["NAME"].Str == o.name && c.fields["CASE"].Int != r.fields["ID"].Int {
				fail(rightValues, "%s has the number %d in plain, which is %d", f.label(), c.fields["CASE"].Int, r.fields["ID"].Int)
			}
		}
		for _, l := range batched {
			if w.depends && l.name == o.name && l.more != strconv.FormatInt(r.fields["ID"].Int, 10) {
				fail(rightValues, "%s travelled with the number %s, which is %d", f.label(), l.more, r.fields["ID"].Int)
			}
		}
	}
	for _, l := range lines {
		if o := said(l.name); o == nil || o.name != l.name {
			fail(rightValues, "%s has the name %q in %s", f.label(), l.name, l.file)
		}
	}
}

// scopes counts the front offices that know a reference; each may have a submission of its own by it.
func (w *world) scopes(ref string) int {
	offices := map[string]bool{}
	for _, f := range w.forms {
		if f.ref == ref {
			offices[w.officeOf(f).name] = true
		}
	}
	return len(offices)
}

func (w *world) variants(ref string) (n int) {
	for _, f := range w.forms {
		if f.ref == ref {
			n++
		}
	}
	return n
}

func (w *world) officeOf(f *form) *portal {
	if f.posted != nil {
		return f.posted
	}
	return w.offices["portal"]
}

// checkOrder: what was written follows the order of acceptance within each key.
func (w *world) checkOrder(views []control.View) {
	last := map[string]int{}
	place := map[string]int{} // of a reference in the register
	for i, r := range w.register.rows {
		if r.table == "APPLICATION" {
			place[r.fields["FORM_REF"].Str] = i
		}
	}
	lines := w.batched()
	lastSeq := map[string]int64{}
	for _, v := range views {
		f := w.of(v)
		if f == nil || w.variants(f.ref) > 1 {
			continue
		}
		if at, written := place[f.ref]; written {
			if at < last[f.sort] {
				w.fail(order, "%s (%s, %s) was written to register before one that was accepted earlier", f.label(), v.ID, f.sort)
			}
			last[f.sort] = at
		}
		for _, l := range lines[f.ref] {
			if l.seq < lastSeq[f.sort] {
				w.fail(order, "%s (%s, %s) went in batch %d after one that was accepted earlier in batch %d", f.label(), v.ID, f.sort, l.seq, lastSeq[f.sort])
			}
			lastSeq[f.sort] = l.seq
		}
	}
}

// checkNumbers: the legacy system has seen each number once, from 1.
func (w *world) checkNumbers() {
	var seqs []int64
	w.locked(func() {
		for _, f := range w.folders["batches"].all() {
			seqs = append(seqs, seqOf(f.name))
		}
	})
	slices.Sort(seqs)
	for i, n := range seqs {
		switch {
		case i > 0 && seqs[i-1] == n:
			w.fail(numbers, "the number %d was used twice", n)
		case n != int64(i+1) && !w.restored:
			w.fail(numbers, "number %d follows %d others", n, i)
			return
		}
	}
}

// checkView: who waits says for what, and whom it waits for is there.
func (w *world) checkView(v control.View, all []control.View) {
	open, held := 0, 0
	for _, d := range v.Deliveries {
		switch d.Progress {
		case journal.Done, journal.Skipped, journal.Dropped:
		case journal.Held:
			held++
			if v.Code == "" && (d.Code == "" || d.Text == "" || d.Next == "") {
				w.fail(owner, "%s is parked at %s without a reason or a next step: %+v", v.ID, d.Target, d)
			}
		default:
			open++
		}
	}
	switch v.State {
	case journal.Parked:
		if v.Code == "" || v.Text == "" || v.Next == "" {
			w.fail(owner, "%s is parked without a reason or a next step: %q %q %q", v.ID, v.Code, v.Text, v.Next)
		}
		if !w.idle {
			w.fail(owner, "%s is still parked (%s), whatever people do", v.ID, v.Code)
		}
	case journal.Accepted, journal.Decided:
		if open+held > 0 && (!w.idle || held == 0 && !w.behind(v, all)) {
			w.fail(owner, "%s is open for no reason: %+v", v.ID, v.Deliveries)
		}
	case journal.Rejected:
		if len(v.Errors) == 0 && v.Text == "" {
			w.fail(owner, "%s is rejected without a reason", v.ID)
		}
	default:
		if open > 0 || held > 0 {
			w.fail(agreement, "%s is %s, and some of it is open: %+v", v.ID, v.State, v.Deliveries)
		}
	}
}

// behind tells whether something parked may hold an open submission up: itself, one of its key, a batch.
func (w *world) behind(v control.View, all []control.View) bool {
	return slices.ContainsFunc(all, func(o control.View) bool {
		held := slices.ContainsFunc(o.Deliveries, func(d control.Delivery) bool { return d.Progress == journal.Held })
		return held && (w.ordered || o.ID == v.ID) || batchHeld(o)
	})
}

func batchHeld(v control.View) bool {
	return slices.ContainsFunc(v.Deliveries, func(d control.Delivery) bool {
		return d.Batch > 0 && (d.Progress == journal.Held || d.Progress == journal.Doubtful)
	})
}

// checkEvents: the events of a submission say what became of it, its front office has read all of them, and one is final.
func (w *world) checkEvents(v control.View) {
	o := w.offices[v.Office]
	if o == nil {
		w.fail(agreement, "%s has the front office %q", v.ID, v.Office)
		return
	}
	list, status := o.history(v.ID.String())
	if status != 200 {
		w.fail(agreement, "the events of %s are answered with %d", v.ID, status)
		return
	}
	finals, decided, types := 0, 0, []string{}
	for i, e := range list {
		types = append(types, e.Type)
		if e.Final {
			finals++
		}
		if e.Type == "decided" {
			decided++
		}
		w.mu.Lock()
		read, known := o.read[e.ID]
		pushed, got := o.pushed[e.ID]
		w.mu.Unlock()
		e.Cursor, read.Cursor = "", ""
		if !known || !reflect.DeepEqual(read, e) {
			w.fail(agreement, "event %d of %s (%s) is not in the stream of %s as it is: %+v", i, v.ID, e.Type, o.name, read)
		}
		if o.pushed == nil {
			continue
		}
		data, _ := json.Marshal(pushed.Data)
		want, _ := json.Marshal(e.Data)
		if !got || pushed.Type != e.Type || string(data) != string(want) {
			w.fail(agreement, "event %d of %s (%s) was not pushed to %s as it is: %+v", i, v.ID, e.Type, o.name, pushed)
		}
	}
	want := 1
	switch v.State {
	case journal.Parked, journal.Accepted, journal.Delivered:
		want = 0
	case journal.Decided, journal.Closed:
		want = max(1, decided)
	}
	if finals != want && !(want == 0 && decided > 0) {
		w.fail(oneEnd, "%s is %s and has %d final events: %v", v.ID, v.State, finals, types)
	}
}

// checkResults: each decision is with its submission, or waits for a person.
func (w *world) checkResults(ctx context.Context, views []control.View) {
	known := map[string]control.Result{}
	owners := map[string]control.View{}
	for _, v := range views {
		for _, r := range v.Results {
			known[r.ResultID], owners[r.ResultID] = r, v
		}
	}
	s, err := orders.Status.Ask(ctx, w.client(), control.Nothing{})
	if err != nil {
		w.fail(results, "no status: %v", err)
		return
	}
	parked := int64(0)
	outcomes := map[string]string{"A": "approved", "R": "refused"}
	for _, d := range w.office.decisions {
		r, found := known[strconv.FormatInt(d.id, 10)]
		switch {
		case d.sent.IsZero():
			w.fail(results, "decision %d was never fetched", d.id)
		case d.status == "?":
			parked++
		case !found && w.unlearned(views, d.app): // an orphan
			parked++
		case !found:
			w.fail(results, "decision %d on application %d is with no submission: %s", d.id, d.app, w.waits(ctx, d))
		case r.Outcome != outcomes[d.status] || r.Reason != d.reason:
			w.fail(results, "decision %d says %s because of %q, the journal %s because of %q", d.id, d.status, d.reason, r.Outcome, r.Reason)
		default:
			w.checkOwner(d, owners[strconv.FormatInt(d.id, 10)])
		}
	}
	if s.ParkedResults+s.Orphans < parked {
		w.fail(results, "%d decisions have a status that nobody knows, %d wait for a person", parked, s.ParkedResults+s.Orphans)
	}
}

// waits says why a decision waits for a person.
func (w *world) waits(ctx context.Context, d *decision) string {
	list, err := orders.Results.Ask(ctx, w.client(), control.ResultsFilter{})
	for _, r := range list {
		if r.Result.ResultID == strconv.FormatInt(d.id, 10) {
			return fmt.Sprintf("it waits: %+v", r.Result)
		}
	}
	return fmt.Sprintf("it is nowhere %v", err)
}

// unlearned tells whether the journal does not know of a form that the register has it, and its number: nobody has settled it.
func (w *world) unlearned(views []control.View, app int64) bool {
	ref := w.referenceOf(app)
	return w.idle && slices.ContainsFunc(views, func(v control.View) bool {
		return v.Reference == ref && slices.ContainsFunc(v.Deliveries, func(d control.Delivery) bool { return d.Target == "register" && d.Progress != journal.Done })
	})
}

// checkOwner: a decision is with the submission that its application is of.
func (w *world) checkOwner(d *decision, v control.View) {
	if ref := w.referenceOf(d.app); ref != v.Reference {
		w.fail(results, "decision %d is on %s and was given to %s", d.id, ref, v.Reference)
	}
}

// referenceOf is the reference of the form that an application was made of.
func (w *world) referenceOf(app int64) string {
	for _, r := range w.register.rows {
		if r.table == "APPLICATION" && r.fields["ID"].Int == app {
			return r.fields["FORM_REF"].Str
		}
	}
	return ""
}

// checkJournal: the journal agrees with itself.
func (w *world) checkJournal(ctx context.Context, views []control.View) {
	k, err := orders.CheckJournal.Ask(ctx, w.client(), control.CheckJournalRequest{Full: true, Content: true})
	if err != nil || len(k.Findings) > 0 {
		w.fail(agreement, "the journal is not whole: %+v %v", k.Findings, err)
	}
	s, err := orders.Status.Ask(ctx, w.client(), control.Nothing{})
	if err != nil {
		w.fail(agreement, "no status: %v", err)
	}
	counts := map[journal.State]int64{}
	for _, v := range views {
		counts[v.State]++
	}
	for state, n := range s.States {
		if counts[state] != n {
			w.fail(agreement, "status counts %d %s, the list has %d", n, state, counts[state])
		}
	}
}
