package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// office stands in for the people and programs of the three offices: whatever stands undecided in their
// systems, they decide.
type office struct {
	*demo
	mu     sync.Mutex
	ruled  map[string]decision // by the form's reference
	taken  map[string][]byte   // CSV files that the dog-tax program took away, by name
	doubly []string            // files that came although they had been taken before
}

func newOffice(d *demo) *office {
	return &office{demo: d, ruled: map[string]decision{}, taken: map[string][]byte{}}
}

// work looks for undecided cases until ctx ends.
func (o *office) work(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, look := range []func(context.Context) error{o.decidePermits, o.answerDogTax, o.decidePensions} {
			if err := look(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (o *office) rule(reference string, d decision) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ruled[reference] = d
}

// decidePermits writes decisions into the register, as its own program would: demolitions are refused, the rest
// gets a permit.
func (o *office) decidePermits(ctx context.Context) error {
	type open struct {
		number          int64
		reference, kind string
	}
	var cases []open
	rows, err := o.register.QueryContext(ctx, `select CASE_NO, FORM_REF, KIND from APPLICATION a
		where not exists (select 1 from DECISION d where d.CASE_NO = a.CASE_NO) order by CASE_NO`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c open
		if err := rows.Scan(&c.number, &c.reference, &c.kind); err != nil {
			return err
		}
		cases = append(cases, c)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, c := range cases {
		number := strconv.FormatInt(c.number, 10)
		ruled := decision{outcome: "approved", caseNumber: number, documents: [][]byte{pdf("Building permit", "Case "+number, "Form "+c.reference)}}
		status, document := "A", any(nil)
		if c.kind == "D" {
			status, ruled = "R", decision{outcome: "refused", caseNumber: number, reason: "the house is a monument"}
		} else {
			document = ruled.documents[0]
		}
		o.rule(c.reference, ruled)
		if _, err := o.register.ExecContext(ctx, "insert into DECISION (CASE_NO, STATUS, REASON, PDF) values (?, ?, ?, ?)",
			c.number, status, sql.NullString{String: ruled.reason, Valid: ruled.reason != ""}, document); err != nil {
			return err
		}
		o.say("register", "the building office decides case %d: %s", c.number, ruled.outcome)
	}
	return nil
}

// answerDogTax takes files away whose control file is there, and answers each with a CSV file and a notice.
func (o *office) answerDogTax(context.Context) error {
	ready, err := filepath.Glob(o.path("legacy", "dog-tax", "out", "*.ok"))
	if err != nil {
		return err
	}
	for _, control := range ready {
		if err := o.answerOne(control); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) answerOne(control string) error {
	file := strings.TrimSuffix(control, ".ok") + ".csv"
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Remove(file), os.Remove(control)); err != nil {
		return err
	}
	name := filepath.Base(file)
	o.mu.Lock()
	if _, known := o.taken[name]; known {
		o.doubly = append(o.doubly, name)
	}
	o.taken[name] = b
	o.mu.Unlock()

	reference := strings.TrimSuffix(name, ".csv")
	ruled := decision{outcome: "approved", caseNumber: "L-" + reference, documents: [][]byte{pdf("Dog licence", "Form "+reference)}}
	line := reference + ";OK;L-" + reference + ";"
	if bytes.Contains(b, []byte("Pitbull")) {
		ruled = decision{outcome: "refused", reason: "a character test is missing", documents: [][]byte{pdf("Notice of refusal", "Form "+reference)}}
		line = reference + ";NO;;a character test is missing"
	}
	o.rule(reference, ruled)
	answers := o.path("legacy", "dog-tax", "answers")
	// The notice first, and the answer by rename: nobody must see half of it.
	if err := errors.Join(
		os.WriteFile(filepath.Join(answers, reference+".pdf"), ruled.documents[0], 0o600),
		os.WriteFile(filepath.Join(answers, "."+name), []byte("REFERENCE;STATUS;LICENCE;REASON\r\n"+line+"\r\n"), 0o600),
		os.Rename(filepath.Join(answers, "."+name), filepath.Join(answers, name)),
	); err != nil {
		return err
	}
	o.say("dog tax", "took %s away; answers in answers/%s with %s.pdf beside it: %s", name, name, reference, ruled.outcome)
	return nil
}

// decidePensions is a clerk at the command line: inbasket decide gives exactly this order.
func (o *office) decidePensions(ctx context.Context) error {
	open, err := orders.List.Ask(ctx, o.control, control.ListRequest{Route: "pension", State: journal.Delivered, Limit: 100})
	if err != nil {
		return err
	}
	for _, s := range open {
		letter := pdf("Your pension is granted", "Submission "+s.ID.String())
		o.rule(s.Reference, decision{outcome: "approved", documents: [][]byte{letter}})
		upload := control.Upload{Name: "award.pdf", ContentType: "application/pdf",
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(letter)), nil }}
		if _, err := o.control.Decide(ctx, control.DecideRequest{ID: s.ID, Outcome: "approved"}, []control.Upload{upload}); err != nil {
			return fmt.Errorf("decide %s: %w", s.ID, err)
		}
		o.say("pensions", "a clerk types: inbasket decide %s approved --document award.pdf", s.ID)
	}
	return nil
}

// snapshot returns what was decided, which CSV files were taken, and which came doubly.
func (o *office) snapshot() (ruled map[string]decision, taken map[string][]byte, doubly []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ruled, taken = map[string]decision{}, map[string][]byte{}
	for k, v := range o.ruled {
		ruled[k] = v
	}
	for k, v := range o.taken {
		taken[k] = v
	}
	return ruled, taken, append([]string(nil), o.doubly...)
}
