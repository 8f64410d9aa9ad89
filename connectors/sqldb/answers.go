package sqldb

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// defaultEvery is how often a query for results is asked when the mapping does not say.
const defaultEvery = 10 * time.Second

// Answers returns a source that asks the database by a query again and again. A row stays until the mark
// statement has hidden it from the query.
func (t *Target) Answers(q connectors.Question) (connectors.ResultSource, error) {
	if strings.TrimSpace(q.Query) == "" || len(q.ID) == 0 {
		return nil, connectors.Errorf(connectors.TargetError, CodeConfig, "ask for results", "answer needs query and id", "incomplete")
	}
	mark, err := parseMark(q.Mark, t.sys.bind)
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, CodeMark, "read the mark statement", "mend answer.mark in the mapping", "%w", err)
	}
	if q.Every <= 0 {
		q.Every = defaultEvery
	}
	return &answers{t: t, q: q, mark: mark, pending: map[string]answer{}, settled: map[[32]byte]bool{}, done: make(chan struct{})}, nil
}

// answers is the source over one query. It remembers the rows that are out, and those that are settled
// only as long as the query still shows them.
type answers struct {
	t    *Target
	q    connectors.Question
	mark mark
	args []any // of the query

	mu      sync.Mutex
	pending map[string]answer
	settled map[[32]byte]bool
	polled  bool
	closed  bool
	done    chan struct{}
}

// answer is a row that is out: enough of it to mark it.
type answer struct {
	sum  [32]byte
	args []any
}

// Next asks the query until it has new rows.
func (a *answers) Next(ctx context.Context, max int) ([]connectors.Result, error) {
	for {
		a.mu.Lock()
		wait, closed := a.polled, a.closed
		a.mu.Unlock()
		if closed {
			return nil, errClosed
		}
		if wait {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-a.done:
				return nil, errClosed
			case <-a.t.env.Clock.After(a.q.Every):
			}
		}
		results, err := a.poll(ctx, max)
		a.mu.Lock()
		a.polled = err != nil || len(results) < max // a full hand: there may be more at once
		a.mu.Unlock()
		if err != nil || len(results) > 0 {
			return results, err
		}
	}
}

var errClosed = connectors.Errorf(connectors.Transient, CodeQuery, "ask for results", "", "source is closed")

// poll asks once and returns at most max new rows.
func (a *answers) poll(ctx context.Context, max int) ([]connectors.Result, error) {
	s, err := a.t.pool.get(ctx)
	if err != nil {
		return nil, a.t.connectError(err)
	}
	p := &polling{a: a, max: max, seen: map[[32]byte]bool{}, at: a.t.env.Clock.Now()}
	st := statement{sql: a.q.Query, args: a.args, rows: true, op: "ask for results", item: -1, each: p.row}
	_, err = s.run(ctx, []statement{st}, false, false)
	if err != nil {
		at := &attempt{t: a.t}
		r := a.t.meaning(at.locate(err, []statement{st}))
		if broken(err) || s.rollback(ctx) != nil {
			s.close()
		} else {
			a.t.pool.put(s)
		}
		return nil, r.err
	}
	a.t.pool.put(s)
	if p.err != nil {
		return nil, p.err
	}
	a.mu.Lock()
	if p.all { // what the query no longer shows need not be remembered
		for sum := range a.settled {
			if !p.seen[sum] {
				delete(a.settled, sum)
			}
		}
	}
	a.mu.Unlock()
	for i := range p.results {
		a.mu.Lock()
		a.pending[p.results[i].Handle] = p.answers[i]
		a.mu.Unlock()
	}
	return p.results, nil
}

// polling is one run of the query.
type polling struct {
	a       *answers
	max     int
	at      time.Time
	seen    map[[32]byte]bool
	all     bool // the whole result was read
	results []connectors.Result
	answers []answer
	err     error
}

// row takes in one row; nil names mean the end. It returns false when enough is read.
func (p *polling) row(names []string, vals []connectors.Value) bool {
	if names == nil {
		p.all = true
		return false
	}
	if len(p.results) >= p.max {
		return false
	}
	fields := make(map[string]connectors.Value, len(names)*2)
	for i, n := range names {
		v := vals[i]
		if v.Kind == connectors.Binary && v.Blob.Size > maxBlob {
			p.a.t.env.Notify(connectors.Notice{Code: CodeTooLarge, Text: "a result's document is larger than 64 MiB; its row is left where it is"})
			return true
		}
		if v.Kind == connectors.Text && contains(p.a.q.Binary, n) {
			b := connectors.BytesBlob([]byte(v.Str))
			v = connectors.Value{Kind: connectors.Binary, Blob: &b}
		}
		for _, alias := range []string{strings.ToLower(n), strings.ToUpper(n), n} {
			fields[alias] = v
		}
	}
	return p.keep(names, fields)
}

func (p *polling) keep(names []string, fields map[string]connectors.Value) bool {
	var id []string
	for _, c := range p.a.q.ID {
		v, ok := find(fields, c)
		if !ok {
			p.err = connectors.Errorf(connectors.TargetError, CodeQuery, "ask for results", "select every column that answer.id names", "column %s is not in the query", c)
			return false
		}
		id = append(id, strings.ReplaceAll(keyText(v), "/", "//"))
	}
	args, err := p.a.mark.args(fields)
	if err != nil {
		p.err = connectors.Errorf(connectors.TargetError, CodeMark, "mark results", "select every column that answer.mark names", "%w", err)
		return false
	}
	r := connectors.Result{ID: strings.Join(id, "/"), Fields: fields, At: p.at}
	r.Handle = r.ID
	sum := rowSum(names, fields)
	p.a.mu.Lock()
	_, out := p.a.pending[r.Handle]
	settled := p.a.settled[sum]
	p.a.mu.Unlock()
	p.seen[sum] = true
	for i := range p.results {
		out = out || p.results[i].Handle == r.Handle
	}
	if !out && !settled {
		p.results = append(p.results, r)
		p.answers = append(p.answers, answer{sum, args})
	}
	return true
}

// rowSum tells a row from the same row with another decision. Documents count by size only.
func rowSum(names []string, fields map[string]connectors.Value) [32]byte {
	var b strings.Builder
	for _, n := range names {
		v := fields[n]
		fmt.Fprintf(&b, "%d:%d:%s:%d", v.Kind, len(v.Str), v.Str, v.Int)
		if v.Blob != nil {
			fmt.Fprintf(&b, ":%d", v.Blob.Size)
		}
		b.WriteByte('\n')
	}
	return sha256.Sum256([]byte(b.String()))
}

// Settle marks the rows that the journal has. A mark that hits no row is fine: somebody else was faster,
// or the row was changed and comes again.
func (a *answers) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	var stmts []statement
	a.mu.Lock()
	for _, r := range receipts {
		if p, ok := a.pending[r.Handle]; ok && r.Verdict != connectors.Released && a.mark.sql != "" {
			stmts = append(stmts, statement{sql: a.mark.sql, args: p.args, op: "mark results", item: -1})
		}
	}
	a.mu.Unlock()
	if len(stmts) > 0 {
		if err := a.run(ctx, stmts); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range receipts {
		p, ok := a.pending[r.Handle]
		if ok && r.Verdict != connectors.Released {
			a.settled[p.sum] = true
		}
		delete(a.pending, r.Handle)
	}
	return nil
}

func (a *answers) run(ctx context.Context, stmts []statement) error {
	s, err := a.t.pool.get(ctx)
	if err != nil {
		return a.t.connectError(err)
	}
	if _, err = s.run(ctx, stmts, true, true); err == nil {
		a.t.pool.put(s)
		return nil
	}
	at := &attempt{t: a.t}
	r := a.t.meaning(at.locate(err, stmts))
	if broken(err) || s.rollback(ctx) != nil {
		s.close()
	} else {
		a.t.pool.put(s)
	}
	r.err.Hint = "mend answer.mark in the mapping or grant the right to run it; the results come again"
	return r.err
}

// Close ends waiting; unsettled rows stay where they are.
func (a *answers) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.done)
	}
	return nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func find(fields map[string]connectors.Value, name string) (connectors.Value, bool) {
	for _, n := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
		if v, ok := fields[n]; ok {
			return v, true
		}
	}
	return connectors.Value{}, false
}
