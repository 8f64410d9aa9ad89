package decisions

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	submissions "github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/clock"
)

const rowsMapping = `mapping: permit
version: 1
input: {format: json, reference: form.ref}
write:
  - {as: application, to: register, table: APPLICATION, key: [REF], fields: {REF: form.ref}}
answer:
  from: register
  query: select ID, REF, STATUS, PDF from DECISION where SENT is null
  id: ID
  match: {REF: form.ref}
  mark: update DECISION set SENT = 1 where ID = :ID and SENT is null
  outcome: {STATUS: {A: approved, R: refused}}
  documents: [{name: permit.pdf, from: PDF}]
`

const filesMapping = `mapping: permit
version: 1
input: {format: json, reference: form.ref}
write:
  - {as: application, to: register, table: APPLICATION, key: [REF], fields: {REF: form.ref}}
answer:
  from: answers
  format: csv
  each: line in content
  fields: {REF: line.REF, STATUS: line.STATUS}
  id: [REF, STATUS]
  match: {REF: form.ref}
  outcome: {STATUS: {A: approved, R: refused}}
`

// office is a service over a real journal with some delivered submissions, of which each is known by its reference.
type office struct {
	*Service
	t      *testing.T
	clock  *clock.Manual
	route  *prepare.Route
	ids    []journal.ID
	full   atomic.Bool // the journal cannot be written
	health *health.Service
}

func newOffice(t *testing.T, mappingYAML string, refs ...string) *office {
	t.Helper()
	o := &office{t: t, clock: clock.NewManual()}
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(mappingYAML)}}, "m.yaml", nil)
	o.must(err)
	o.route = &prepare.Route{Name: "permits", Office: "portal", Plan: plan, Within: 24 * time.Hour}
	store, err := content.Open(t.TempDir())
	o.must(err)
	j, err := journal.Open(t.Context(), t.TempDir(), journal.Options{Content: store, Clock: o.clock, Hooks: journal.Hooks{BeforeCommit: func() error {
		if o.full.Load() {
			return errors.New("disk full")
		}
		return nil
	}}})
	o.must(err)
	t.Cleanup(func() { _ = j.Close() })
	o.health = health.New(health.Options{Clock: o.clock, Log: zerolog.Nop()})
	o.Service = &Service{Journal: j, Clock: o.clock, Log: zerolog.Nop(), Counters: o.health.Counters, Content: store,
		Waiting: waiting.New(o.clock, zerolog.Nop()), Jitter: func() float64 { return 0 }}
	o.accept(refs...)
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// accept has submissions accepted and delivered.
func (o *office) accept(refs ...string) {
	o.t.Helper()
	ctx := o.t.Context()
	plan := journal.Plan{Digest: connectors.Digest{1}, Name: o.route.Plan.Name(), Version: 1, Bundle: []byte("b")}
	o.must(o.Journal.PutPlan(ctx, plan))
	for i, ref := range refs {
		out, err := accepting.Of(o.Journal).Accept(ctx, []journal.Arrival{{Scope: "portal", Office: "portal", Inbasket: "in", Route: "permits", Plan: plan.Digest,
			Reference: ref, Transport: ref, Digest: connectors.Digest{byte(i + 1)}, Form: []byte("{}"), Targets: []string{"register"}, At: o.clock.Now()}})
		o.must(err)
		key := o.route.Plan.Answers(row("x", ref, "A"))[0].MatchKey
		if o.route.Plan.ReadsMany() {
			key = o.route.Plan.Answers(answerFile("x", "REF,STATUS\n"+ref+",A\n"))[0].MatchKey
		}
		o.must(delivering.Of(o.Journal).Apply(ctx, []journal.Change{{ID: out[0].ID, Target: "register", To: journal.Done, MatchKey: key}}))
		o.ids = append(o.ids, out[0].ID)
	}
}

// row is a row of the query of rowsMapping.
func row(id, ref, status string) connectors.Result {
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	return connectors.Result{Handle: id, ID: id, Fields: map[string]connectors.Value{"ID": text(id), "REF": text(ref), "STATUS": text(status), "PDF": {Kind: connectors.Null}}}
}

// answerFile is an answer file for filesMapping.
func answerFile(name, text string) connectors.Result {
	return connectors.Result{Handle: name, ID: name + ":" + text, File: name, Content: []byte(text)}
}

// take takes results and returns the verdict of each.
func (o *office) take(results ...connectors.Result) (verdicts []connectors.Verdict, err error) {
	o.t.Helper()
	receipts, err := o.Take(o.t.Context(), "register", results, []*prepare.Route{o.route})
	for i, r := range receipts {
		if r.Handle != results[i].Handle {
			o.t.Errorf("receipt %d is for %s", i, r.Handle)
		}
		verdicts = append(verdicts, r.Verdict)
	}
	return verdicts, err
}

// took fails unless results are taken with these verdicts.
func (o *office) took(want []connectors.Verdict, results ...connectors.Result) {
	o.t.Helper()
	got, err := o.take(results...)
	if err != nil || !slices.Equal(got, want) {
		o.t.Errorf("verdicts %v, want %v, %v", got, want, err)
	}
}

// decided are the outcomes of a submission, in the order in which they were told.
func (o *office) decided(i int) string {
	o.t.Helper()
	v, err := submissions.Of(o.Journal).Standing(o.t.Context(), o.ids[i])
	o.must(err)
	var words []string
	for _, r := range v.Results {
		words = append(words, r.Outcome)
	}
	return strings.Join(words, " ")
}

// parked are the results that wait for a person, by their codes.
func (o *office) parked() string {
	o.t.Helper()
	list, err := deciding.Of(o.Journal).ParkedResults(o.t.Context(), 0, 100)
	o.must(err)
	var codes []string
	for _, p := range list {
		codes = append(codes, p.Park.Code)
	}
	return strings.Join(codes, " ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// source gives results once, and what was released again.
type source struct {
	mu      sync.Mutex
	waiting []connectors.Result
	fails   int // so many calls of Settle
	settled []connectors.Receipt
	done    func()
}

func (s *source) Next(ctx context.Context, most int) ([]connectors.Result, error) {
	s.mu.Lock()
	list := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	if len(list) > 0 {
		return list, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *source) Settle(_ context.Context, receipts []connectors.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails--; s.fails >= 0 {
		return io.ErrUnexpectedEOF
	}
	s.settled = append(s.settled, receipts...)
	s.done()
	return nil
}

func (*source) Close() error { return nil }
