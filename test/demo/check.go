package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/straight"
)

// check compares the end state with what it must be.
func (d *demo) check(ctx context.Context) error {
	d.step("Is it all right?", "Every form once and whole in its system, every decision back, nothing left over.")
	for _, c := range []struct {
		what string
		look func(context.Context) error
	}{
		{"register: every permit with its parcels once, value by value; every decision marked as fetched", d.checkRegister},
		{"mainframe: every line once, byte for byte; numbers without gaps; counts and totals right", d.checkBatches},
		{"dog tax: every file once, byte for byte", d.checkDogTax},
		{"pensions: every claim with dependents and incomes once, value by value", d.checkClaims},
		{"portal: every decision is the office's, every document byte for byte", d.checkDecisions},
		{"portal: every event in order, exactly one final event a form, wrong fields named", d.checkEvents},
		{"in-baskets empty, all forms in the done folders, the repeat recorded", d.checkInbaskets},
		{"agent: nothing open, parked, orphaned or in trouble; every form closed or rejected", d.checkAgent},
		{"agent.log: nothing that a citizen wrote", d.checkLog},
	} {
		if err := c.look(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		d.say("right", "%s", c.what)
	}
	return nil
}

// rowsOf returns the rows of a query, columns joined by blanks.
func rowsOf(ctx context.Context, db *sql.DB, query string, args ...any) (list []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = v.String
		}
		list = append(list, strings.Join(texts, " "))
	}
	return list, rows.Err()
}

// same compares two lists, whatever their order.
func same(what string, got, want []string) error {
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s: there is %q, it should be %q", what, got, want)
	}
	return nil
}

// straight holds every value of a mapping's tables against the forms with these references.
func (d *demo) straight(ctx context.Context, db *sql.DB, example, target string, forms map[string][]byte) error {
	plan, err := load.Mapping(os.DirFS(d.path(example, "mappings")), example+".yaml", nil)
	if err != nil {
		return err
	}
	var all []*straight.Form
	for reference, form := range forms {
		found, err := orders.List.Ask(ctx, d.control, control.ListRequest{Reference: reference})
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d submissions are %s (%v)", len(found), reference, err)
		}
		all = append(all, &straight.Form{Name: reference, Bytes: form, ID: found[0].ID.String(), Received: found[0].At})
	}
	found, err := straight.Database{DB: db, Plan: plan, Target: target}.Compare(ctx, all)
	if err == nil && !found.Straight() {
		err = fmt.Errorf("missing or other than it should be: %q; too much: %q", found.Missing, found.Extra)
	}
	return err
}

func (d *demo) checkRegister(ctx context.Context) error {
	forms := map[string][]byte{}
	var err error
	for _, reference := range newHouses() {
		if forms[reference], err = permit(reference); err != nil {
			return err
		}
	}
	if forms[demolition], err = sample("building-permit", "demolition.json"); err != nil {
		return err
	}
	if err := d.straight(ctx, d.register, "building-permit", "register", forms); err != nil {
		return err
	}
	got, err := rowsOf(ctx, d.register, "select FORM_REF, count(*), count(SENT) from APPLICATION a join DECISION d on d.CASE_NO = a.CASE_NO group by FORM_REF")
	if err != nil {
		return err
	}
	var want []string
	for _, reference := range append(newHouses(), demolition) {
		want = append(want, reference+" 1 1")
	}
	return same("DECISION", got, want)
}

func (d *demo) checkClaims(ctx context.Context) error {
	claim, err := sample("pension", "typical.json")
	if err != nil {
		return err
	}
	return d.straight(ctx, d.claims, "pension", "claims", map[string][]byte{postedClaim: claim, droppedClaim: claim})
}

// checkBatches compares every batch file with the example's own sample file.
func (d *demo) checkBatches(context.Context) error {
	example, err := sample("building-permit", "typical.dat")
	if err != nil {
		return err
	}
	expected := bytes.SplitAfter(example, []byte("\r\n"))
	entries, err := os.ReadDir(d.path("legacy", "mainframe", "IN"))
	if err != nil {
		return err
	}
	var got, want []string
	for i, e := range entries {
		if name := fmt.Sprintf("PERM%06d.DAT", i+1); e.Name() != name {
			return fmt.Errorf("file %d is %s, it should be %s", i+1, e.Name(), name)
		}
		b, err := os.ReadFile(d.path("legacy", "mainframe", "IN", e.Name()))
		if err != nil {
			return err
		}
		lines := bytes.SplitAfter(b, []byte("\r\n"))
		if len(lines) < 4 || len(lines[len(lines)-1]) != 0 {
			return fmt.Errorf("%s has %d lines", e.Name(), len(lines)-1)
		}
		body := lines[1 : len(lines)-2]
		for _, line := range body {
			got = append(got, string(line))
		}
		if head := string(lines[0]); len(head) != 17 || !strings.HasPrefix(head, fmt.Sprintf("H%06d20", i+1)) {
			return fmt.Errorf("header of %s is %q", e.Name(), head)
		}
		// 250.00 a permit, without the point
		if last, tail := string(lines[len(lines)-2]), fmt.Sprintf("T%08d%013d\r\n", len(body), 25000*len(body)); last != tail {
			return fmt.Errorf("trailer of %s is %q, it should be %q", e.Name(), last, tail)
		}
	}
	for _, reference := range newHouses() {
		want = append(want, strings.Replace(string(expected[1]), permitSample, reference, 1))
	}
	return same("lines", got, want)
}

func (d *demo) checkDogTax(context.Context) error {
	_, taken, doubly := d.office.snapshot()
	if len(doubly) > 0 {
		return fmt.Errorf("files that were taken away came again: %q", doubly)
	}
	var got []string
	for name := range taken {
		got = append(got, name)
	}
	if err := same("files", got, []string{"DL-77.csv", "DL-78.csv"}); err != nil {
		return err
	}
	want, err := sample("dog-licence", "two-dogs.csv")
	if err != nil {
		return err
	}
	if !bytes.Equal(taken["DL-77.csv"], want) {
		return fmt.Errorf("DL-77.csv is %q, it should be %q", taken["DL-77.csv"], want)
	}
	title, _, _ := bytes.Cut(want, []byte("\r\n"))
	one := string(title) + "\r\nDL-78;1;Jan Novak;Markt 1, Jena;Tyson;Pitbull;;;;1;600,00\r\n"
	if string(taken["DL-78.csv"]) != one {
		return fmt.Errorf("DL-78.csv is %q, it should be %q", taken["DL-78.csv"], one)
	}
	left, err := filepath.Glob(d.path("legacy", "dog-tax", "out", "*"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("left over: %q", left)
	}
	return err
}

func (d *demo) checkDecisions(context.Context) error {
	ruled, _, _ := d.office.snapshot()
	_, got := d.portal.snapshot()
	for _, reference := range good() {
		want, has := ruled[reference], got[reference]
		if want.outcome == "" || has.outcome != want.outcome || has.caseNumber != want.caseNumber || has.reason != want.reason {
			return fmt.Errorf("%s: the office decided %q, case %q, %q; the portal has %q, case %q, %q", reference,
				want.outcome, want.caseNumber, want.reason, has.outcome, has.caseNumber, has.reason)
		}
		if !slices.EqualFunc(has.documents, want.documents, bytes.Equal) {
			return fmt.Errorf("%s: the documents are not those of the office", reference)
		}
	}
	if len(ruled) != len(good()) || len(got) != len(good()) {
		return fmt.Errorf("%d decisions were made and %d came back; there should be %d", len(ruled), len(got), len(good()))
	}
	return nil
}

// checkEvents reads the whole stream once more from its start, in pages.
func (d *demo) checkEvents(ctx context.Context) error {
	var all []event
	for after := ""; ; {
		page, next, err := d.portal.page(ctx, after, false)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		all, after = append(all, page...), next
	}
	webhooks, _, _ := d.portal.hooks.snapshot()
	lives, errs := map[string]string{}, map[string]string{}
	for _, e := range all {
		life := e.Type
		if e.Final {
			life += "!"
		}
		lives[e.Reference] = strings.TrimSpace(lives[e.Reference] + " " + life)
		for _, x := range e.Data.Errors {
			errs[e.Reference] += x.Pointer
		}
		if webhooks[e.ID] != "submission."+e.Type {
			return fmt.Errorf("event %s of type %s came as webhook %q", e.ID, e.Type, webhooks[e.ID])
		}
	}
	want := map[string]string{}
	for _, reference := range good() {
		want[reference] = "accepted delivered decided!"
	}
	for _, reference := range wrong() {
		want[reference] = "accepted rejected!"
	}
	for reference, life := range want {
		if lives[reference] != life {
			return fmt.Errorf("the events of %s are %q, they should be %q", reference, lives[reference], life)
		}
	}
	if len(lives) != len(want) || len(webhooks) != len(all) {
		return fmt.Errorf("%d forms in %d events and %d webhooks", len(lives), len(all), len(webhooks))
	}
	if errs[wrongPermit] != "/parcels/1/number" || errs[wrongDog] != "/dogs/dog/0/born" {
		return fmt.Errorf("the wrong fields are told as %q", errs)
	}
	return nil
}

func (d *demo) checkInbaskets(ctx context.Context) error {
	if left, empty, err := d.taken(); err != nil || !empty {
		return fmt.Errorf("%s %w", left, err)
	}
	for folder, want := range map[string]int{"permits": 5, "dogs": 3, "claims": 1} {
		done, err := filepath.Glob(d.path("in", folder, "done", "*"))
		if err != nil || len(done) != want {
			return fmt.Errorf("%d files in the done folder of %s, it should be %d (%v)", len(done), folder, want, err)
		}
	}
	for _, reference := range []string{permitSample, postedClaim} {
		found, err := orders.List.Ask(ctx, d.control, control.ListRequest{Reference: reference})
		if err != nil || len(found) != 1 {
			return fmt.Errorf("%d submissions are %s (%v)", len(found), reference, err)
		}
		view, err := orders.Show.Ask(ctx, d.control, control.ShowRequest{ID: found[0].ID})
		if err != nil {
			return err
		}
		if n := count(view.Timeline, func(m journal.Moment) bool { return m.What == "repeat" }); n != 1 {
			return fmt.Errorf("%d repeats of %s are recorded", n, reference)
		}
	}
	return nil
}

func count[T any](list []T, is func(T) bool) (n int) {
	for _, x := range list {
		if is(x) {
			n++
		}
	}
	return n
}

func (d *demo) checkAgent(ctx context.Context) error {
	s, err := orders.Status.Ask(ctx, d.control, control.Nothing{})
	if err != nil {
		return err
	}
	for state, n := range map[journal.State]int{journal.Closed: len(good()), journal.Rejected: len(wrong())} {
		if s.States[state] != int64(n) {
			return fmt.Errorf("the submissions' states are %v", s.States)
		}
	}
	total := int64(0)
	for _, n := range s.States {
		total += n
	}
	if total != int64(len(good())+len(wrong())) || s.Orphans != 0 {
		return fmt.Errorf("the submissions' states are %v, and %d results are orphans", s.States, s.Orphans)
	}
	for _, t := range s.Targets {
		if t.Open != 0 || t.Parked != 0 || t.Trouble != nil || t.Batch != nil && t.Batch.Sealed != 0 {
			return fmt.Errorf("target %s: %+v", t.Name, t)
		}
	}
	for _, x := range append(s.Inbaskets, s.Results...) {
		if x.Trouble != nil {
			return fmt.Errorf("%s: %+v", x.Name, *x.Trouble)
		}
	}
	return nil
}

// checkLog looks for what the samples hold of people.
func (d *demo) checkLog(context.Context) error {
	b, err := os.ReadFile(d.path("agent.log"))
	if err != nil {
		return err
	}
	log := strings.ToLower(string(b))
	for _, word := range []string{"lüdenscheidt", "okafor", "fjelde", "çelik", "novak", "hauptstra", "900112222", "bello", "112/3"} {
		if strings.Contains(log, word) {
			return fmt.Errorf("it shows %q", word)
		}
	}
	return nil
}
