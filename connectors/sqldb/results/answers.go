package results

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// defaultEvery is how often a query for results is asked when the mapping does not say.
const defaultEvery = 10 * time.Second

// Ask makes a source that asks the database by a query again and again. A row stays until the mark
// statement has hidden it from the query.
func Ask(t *database.DB, q connectors.Question) (connectors.ResultSource, error) {
	if strings.TrimSpace(q.Query) == "" || len(q.ID) == 0 {
		return nil, connectors.Errorf(connectors.TargetError, dialect.CodeConfig, "ask for results", "answer needs query and id", "incomplete")
	}
	mark, err := ParseMark(q.Mark, t.Sys.Bind)
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, dialect.CodeMark, "read the mark statement", "mend answer.mark in the mapping", "%w", err)
	}
	if q.Every <= 0 {
		q.Every = defaultEvery
	}
	return newAnswers(t, q, mark, nil), nil
}

func newAnswers(t *database.DB, q connectors.Question, m Mark, args []any) *Answers {
	return &Answers{t: t, q: q, mark: m, args: args, pending: map[string]answer{}, settled: map[[32]byte]bool{}, rests: map[string]rest{}, told: map[string]string{}, done: make(chan struct{})}
}

// Answers is the source over one query. It remembers the rows that are out, and those that are settled
// only as long as the query still shows them.
type Answers struct {
	t    *database.DB
	q    connectors.Question
	mark Mark
	args []any // of the query

	mu      sync.Mutex
	pending map[string]answer
	settled map[[32]byte]bool
	rests   map[string]rest // rows that were released
	polls   int
	ids     string            // the query for nothing but identities; empty: not made yet
	told    map[string]string // the notice that holds, by its code
	polled  bool
	closed  bool
	done    chan struct{}
}

// answer is what is out under one identity: enough of it to mark it, and to know whether it changed meanwhile.
type answer struct {
	sums  [][32]byte // of each row, sorted; more than one where the query gives an identity several times
	args  []any
	names []string // columns that make up the identity, as the database spells them
}

// rest lets a row that was released pass over some polls, so that it does not keep the others from their turn.
type rest struct{ failures, until int }

// Next asks the query until it has new rows.
func (a *Answers) Next(ctx context.Context, max int) ([]connectors.Result, error) {
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
			case <-a.t.Env.Clock.After(a.q.Every):
			}
		}
		results, err := a.Poll(ctx, max)
		a.mu.Lock()
		a.polled = err != nil || len(results) < max // a full hand: there may be more at once
		a.mu.Unlock()
		if err != nil || len(results) > 0 {
			return results, err
		}
	}
}

var errClosed = connectors.Errorf(connectors.Transient, dialect.CodeQuery, "ask for results", "", "source is closed")

// Poll asks once and returns at most max new rows.
func (a *Answers) Poll(ctx context.Context, max int) ([]connectors.Result, error) {
	p := &polling{a: a, max: max, seen: map[[32]byte]bool{}, shown: map[string]bool{}, place: map[string]int{}, at: a.t.Env.Clock.Now()}
	err := a.t.Use(ctx, func(s dialect.Session) error {
		a.mu.Lock()
		a.polls++
		a.mu.Unlock()
		stmts := []dialect.Statement{{SQL: a.q.Query, Args: a.args, Rows: true, Op: "ask for results", Item: -1, Each: p.row}}
		_, err := s.Run(ctx, stmts, false, false)
		return a.t.Locate(err, stmts)
	})
	if err == nil {
		err = p.err
	}
	if err != nil {
		return nil, err
	}
	p.tellWaiting()
	return p.finish(), nil
}

// polling is one run of the query.
type polling struct {
	a        *Answers
	max      int
	at       time.Time
	seen     map[[32]byte]bool
	shown    map[string]bool
	all      bool // the whole result was read
	nameless bool // a row has no ID
	rows     int
	waiting  int // of them, those that are not taken the next time either
	results  []connectors.Result
	place    map[string]int // of an identity in results
	answers  []answer
	err      error
}

// row takes in one row; nil names mean the end. It returns false when enough is read: after the last row that is
// taken it goes on, because another row of the same identity may follow.
func (p *polling) row(names []string, vals []connectors.Value) bool {
	if names == nil {
		p.all = true
		return false
	}
	p.rows++
	fields := fieldsOf(p.a.q.Binary, names, vals)
	id, also, spelled, err := p.a.identity(names, fields)
	if err != nil {
		p.err = err
		return false
	}
	if id == "" {
		p.nameless = true
		p.waiting++
		return true
	}
	p.shown[id] = true
	at, known := p.place[id]
	p.a.mu.Lock()
	again := p.a.rests[id].failures > 1
	p.a.mu.Unlock()
	if again {
		p.waiting++
	}
	if !known && len(p.results) >= p.max {
		return true
	}
	sum := p.a.sum(names, fields)
	p.seen[sum] = true
	if known {
		p.again(at, sum)
		return true
	}
	p.a.mu.Lock()
	_, out := p.a.pending[id]
	pass := out || p.a.settled[sum] || p.a.rests[id].until > p.a.polls
	if p.a.settled[sum] && !again {
		p.waiting++
	}
	p.a.mu.Unlock()
	if pass {
		return true
	}
	args, err := p.a.mark.args(fields)
	if err != nil {
		p.err = connectors.Errorf(connectors.TargetError, dialect.CodeMark, "mark results", "select every column that answer.mark names", "%w", err)
		return false
	}
	p.place[id] = len(p.results)
	p.results = append(p.results, connectors.Result{Handle: id, ID: id, Also: also, Fields: bounded(fields), At: p.at})
	p.answers = append(p.answers, answer{sums: [][32]byte{sum}, args: args, names: spelled})
	return true
}

// tellWaiting tells the operator of rows that are left in the query because nothing says which they are, and of those that keep all
// others out of a query that gives a part only.
func (p *polling) tellWaiting() {
	text := ""
	if p.nameless {
		text = "answer.query gives rows whose ID is NULL or empty: they are neither told nor marked; give each an ID, or leave them out by its where"
	}
	if p.all && p.waiting > 0 && p.waiting == p.rows && partial.MatchString(p.a.q.Query) && p.rows >= portion(p.a.q.Query) {
		text = strings.TrimPrefix(text+"; answer.query gives a part of the rows only, and each of them waits: no other decision comes meanwhile; take the limit out of the query, or mend the rows that inbasket status names", "; ")
	}
	p.a.tell(dialect.CodeQuery, text)
}

// again takes in another row of an identity that is in hand. Where it says something else, which one is meant cannot
// be told.
func (p *polling) again(at int, sum [32]byte) {
	a := &p.answers[at]
	if a.sums = append(a.sums, sum); !slices.Contains(a.sums[:len(a.sums)-1], sum) {
		p.results[at].Trouble = connectors.Errorf(connectors.TargetError, dialect.CodeTwice, "ask for results",
			"let the query give one row for each decision, or answer.id name what tells them apart", "the query gives several rows of this ID, and they differ")
	}
}

// finish remembers what is out, and forgets what the query no longer shows.
func (p *polling) finish() []connectors.Result {
	a := p.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.all {
		maps.DeleteFunc(a.settled, func(sum [32]byte, _ bool) bool { return !p.seen[sum] && len(p.results) < p.max })
		maps.DeleteFunc(a.rests, func(id string, _ rest) bool { return !p.shown[id] })
	}
	for i, one := range p.answers {
		slices.SortFunc(one.sums, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
		a.pending[p.results[i].Handle] = one
	}
	return p.results
}

// fieldsOf makes a row's fields, which are found under their names in small and in capital letters too.
func fieldsOf(binary, names []string, vals []connectors.Value) map[string]connectors.Value {
	fields := make(map[string]connectors.Value, len(names)*2)
	for i, n := range names {
		v := vals[i]
		if v.Kind == connectors.Text && Contains(binary, n) {
			b := connectors.BytesBlob([]byte(v.Str))
			v = connectors.Value{Kind: connectors.Binary, Blob: &b}
		}
		for _, alias := range []string{strings.ToLower(n), strings.ToUpper(n), n} {
			fields[alias] = v
		}
	}
	return fields
}

// bounded keeps what is too large from being read: whoever opens it hears why.
func bounded(fields map[string]connectors.Value) map[string]connectors.Value {
	for n, v := range fields {
		if v.Kind == connectors.Binary && v.Blob.Size > dialect.MaxBlob {
			v.Blob = &connectors.Blob{Size: v.Blob.Size, Open: func() (io.ReadCloser, error) {
				return nil, connectors.Errorf(connectors.ItemError, dialect.CodeTooLarge, "read a document", "make it smaller, or tell the front office in another way", "it is larger than 64 MiB")
			}}
			fields[n] = v
		}
	}
	return fields
}

// sum tells a row from the same row with another decision, by what the mapping reads of it.
func (a *Answers) sum(names []string, fields map[string]connectors.Value) (sum [32]byte) {
	if len(a.q.Reads) > 0 {
		names = slices.Concat(a.q.ID, a.q.Reads, a.mark.Names)
	}
	h := sha256.New()
	for _, n := range names {
		v, ok := find(fields, n)
		fmt.Fprintf(h, "%t:%d:%d:%s:%d", ok, v.Kind, len(v.Str), v.Str, v.Int)
		if v.Blob != nil {
			b, err := v.Blob.Open()
			if err == nil {
				_, err = io.Copy(h, b)
				_ = b.Close()
			}
			fmt.Fprintf(h, ":%d:%t", v.Blob.Size, err == nil)
		}
		h.Write([]byte{'\n'})
	}
	h.Sum(sum[:0])
	return sum
}

// Close ends waiting; unsettled rows stay where they are.
func (a *Answers) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.done)
	}
	return nil
}

// Contains finds a name without regard to case.
func Contains(names []string, name string) bool {
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
