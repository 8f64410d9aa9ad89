package results

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// markOp names the work on results that are on record.
const markOp = "mark results"

// Settle marks the rows that the journal has, as far as they still say what was read: a row that was corrected
// meanwhile stays, and comes again as what it is now.
func (a *Answers) Settle(ctx context.Context, receipts []connectors.Receipt) error {
	rows := map[string]answer{}
	a.mu.Lock()
	for _, r := range receipts {
		if p, ok := a.pending[r.Handle]; ok && r.Verdict != connectors.Released {
			rows[r.Handle] = p
		}
	}
	a.mu.Unlock()
	marked, left := rows, rows
	if len(rows) > 0 && a.mark.SQL != "" {
		m, err := a.markRows(ctx, rows)
		if err != nil {
			return err
		}
		marked, left = m.same, m.left
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range receipts {
		p, ok := a.pending[r.Handle]
		if !ok {
			continue
		}
		delete(a.pending, r.Handle)
		if _, done := marked[r.Handle]; !done {
			a.rest(r.Handle)
			continue
		}
		delete(a.rests, r.Handle)
		if _, shown := left[r.Handle]; shown {
			for _, sum := range p.sums {
				a.settled[sum] = true
			}
		}
	}
	return nil
}

// longestRest is how many polls a row that is released again and again passes over at most, where polls are rare.
const longestRest = 6

const maxRest = time.Minute

// rest lets a row pass over ever more polls, for a minute at most where it is asked more often than that.
func (a *Answers) rest(id string) {
	most := max(longestRest, int(maxRest/max(a.q.Every, 1)))
	r := a.rests[id]
	r.failures++
	r.until = a.polls + 1 + min(1<<min(r.failures-1, 20)-1, most)
	a.rests[id] = r
}

// markRows marks what still says what was read, in one transaction with the look at it.
func (a *Answers) markRows(ctx context.Context, rows map[string]answer) (*marking, error) {
	m := &marking{a: a, ctx: ctx}
	err := a.t.Use(ctx, func(s dialect.Session) error {
		m.s = s
		return a.t.Locate(m.mark(rows), m.last)
	})
	var ours *connectors.Error
	if m.s != nil && errors.As(err, &ours) {
		ours.Hint = "mend answer.mark in the mapping or grant the right to run it; the results come again"
	}
	return m, err
}

// marking is one transaction that marks rows.
type marking struct {
	a    *Answers
	ctx  context.Context
	s    dialect.Session
	last []dialect.Statement // as sent, for messages
	same map[string]answer   // rows that were marked
	left map[string]answer   // of them, those that the query shows all the same
}

func (m *marking) run(begin, commit bool, stmts ...dialect.Statement) error {
	m.last = stmts
	_, err := m.s.Run(m.ctx, stmts, begin, commit)
	return err
}

// mark looks at the rows and marks those that are the same. Nobody can change them in between: the transaction is one
// in which what changed after the look cannot be written, or the rows are locked before the look, by marking them and taking
// that back, and another session looks. A savepoint keeps locks only of an engine that had begun when it was set, so that
// something is read first; and who has read once may see the rows as they were then.
func (m *marking) mark(rows map[string]answer) error {
	if err := m.prepare(rows); err != nil {
		return err
	}
	sys := &m.a.t.Sys.Dialect
	var first []dialect.Statement
	if sys.Steady != "" {
		steady := plainly(sys.Steady)
		steady.Opens = true
		first = append(first, steady)
	}
	lock := sys.Anew != "" && !calls.MatchString(m.a.mark.SQL) // a procedure may commit by itself: no savepoint outlives that
	if lock {
		first = append(append(append(first, m.counting(map[string]int{}), plainly("SAVEPOINT inbasket_mark")), m.marks(rows)...), plainly("ROLLBACK TO SAVEPOINT inbasket_mark"))
	}
	if err := m.run(true, false, first...); err != nil {
		return err
	}
	if err := m.look(rows, lock); err != nil {
		return err
	}
	before, after := map[string]int{}, map[string]int{}
	stmts := append([]dialect.Statement{m.counting(before)}, m.marks(m.same)...)
	if err := m.run(false, false, append(stmts, m.counting(after))...); err != nil {
		return err
	}
	if m.tooBroad(before, after) {
		m.same = nil
		return m.s.Rollback(m.ctx)
	}
	return m.run(false, true)
}

var calls = regexp.MustCompile(`(?i)^\s*call\b`)

// tooBroad tells whether marking hid a row that was not read. It also finds the rows that it left, and tells the
// operator of either.
func (m *marking) tooBroad(before, after map[string]int) bool {
	hidden := 0
	for id, n := range before {
		if _, ours := m.same[id]; !ours && after[id] < n {
			hidden++
		}
	}
	m.left = map[string]answer{}
	for id, r := range m.same {
		if after[id] > 0 {
			m.left[id] = r
		}
	}
	switch {
	case hidden > 0 && !partial.MatchString(m.a.q.Query): // a part of the rows may be another part the next time
		m.a.tell(dialect.CodeMark, fmt.Sprintf("answer.mark would hide %d rows that were not read: nothing is marked; name in its where what names one row", hidden))
		return true
	case len(m.left) > 0:
		m.a.tell(dialect.CodeMark, "answer.mark leaves rows in the query that it was run for; mend the where of one of them")
	default:
		m.a.tell(dialect.CodeMark, "")
	}
	return false
}

// partial finds queries that give a part of the rows only.
var partial = regexp.MustCompile(`(?i)\b(limit|fetch|rownum|top)\b`)

// portion is how many rows a query gives at most; 0: it does not say so in digits.
func portion(query string) (n int) {
	if all := portions.FindAllStringSubmatch(dialect.Bare(query), -1); len(all) > 0 {
		last := all[len(all)-1]
		n, _ = strconv.Atoi(cmp.Or(last[2], last[1])) // one that is too large is as good as none
	}
	return n
}

// portions finds numbers of rows; of two the second is meant, LIMIT 10, 2.
var portions = regexp.MustCompile(`(?i)\b(?:limit|first|next|top|rownum\s*<=)\s*\(?\s*(\d+)(?:\s*,\s*(\d+))?`)

// tell tells the operator once of what holds on.
func (a *Answers) tell(code, text string) {
	a.mu.Lock()
	news := text != "" && text != a.told[code]
	a.told[code] = text
	a.mu.Unlock()
	if news && a.t.Env.Notify != nil {
		a.t.Env.Notify(connectors.Notice{Code: code, Text: text})
	}
}

func plainly(sql string) dialect.Statement { return dialect.Statement{SQL: sql, Op: markOp, Item: -1} }

func (m *marking) marks(rows map[string]answer) (stmts []dialect.Statement) {
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		stmts = append(stmts, dialect.Statement{SQL: m.a.mark.SQL, Args: rows[id].args, Op: markOp, Item: -1})
	}
	return stmts
}

// look asks the query again, where rows are locked in another session, and finds the rows that say what was read.
func (m *marking) look(rows map[string]answer, locked bool) error {
	sums := map[string][][32]byte{}
	var wrong error
	again := dialect.Statement{SQL: m.a.q.Query, Args: m.a.args, Rows: true, Op: markOp, Item: -1, Each: func(names []string, vals []connectors.Value) bool {
		if names == nil {
			return false
		}
		fields := fieldsOf(m.a.q.Binary, names, vals)
		id, _, _, err := m.a.identity(names, fields)
		if err != nil {
			wrong = err
			return false
		}
		if _, ours := rows[id]; ours {
			sums[id] = append(sums[id], m.a.sum(names, fields))
		}
		return true
	}}
	ask := func(s dialect.Session, stmts ...dialect.Statement) error {
		m.last = stmts
		_, err := s.Run(m.ctx, stmts, false, false)
		return err
	}
	var err error
	if locked {
		err = m.a.t.Use(m.ctx, func(s dialect.Session) error { return ask(s, plainly(m.a.t.Sys.Anew), again) })
	} else {
		err = ask(m.s, again)
	}
	if err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	m.same = map[string]answer{}
	for id, r := range rows {
		now := sums[id]
		slices.SortFunc(now, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
		if slices.Equal(now, r.sums) {
			m.same[id] = r
		}
	}
	return nil
}

// prepare finds out once whether the database gives the identities of the query's rows alone; documents need not
// travel for them then.
func (m *marking) prepare(rows map[string]answer) error {
	if m.a.ids != "" {
		return nil
	}
	var columns []string
	for _, r := range rows {
		for _, n := range r.names {
			columns = append(columns, m.a.t.Sys.Quote(n))
		}
		break
	}
	query := "SELECT " + strings.Join(columns, ", ") + " FROM (" + strings.TrimRight(strings.TrimSpace(m.a.q.Query), "; \t\r\n") + "\n) inbasket_rows"
	err := m.run(false, false, dialect.Statement{SQL: query + " WHERE 1 = 0", Args: m.a.args, Rows: true, Op: markOp, Item: -1})
	var f *dialect.Fault
	switch {
	case err == nil:
		m.a.ids = query
	case errors.As(err, &f) && f.Answered:
		m.a.ids = m.a.q.Query
	default:
		return err
	}
	return nil
}

// counting counts how often the query gives each identity.
func (m *marking) counting(count map[string]int) dialect.Statement {
	return dialect.Statement{SQL: m.a.ids, Args: m.a.args, Rows: true, Op: markOp, Item: -1, Each: func(names []string, vals []connectors.Value) bool {
		if names == nil {
			return false
		}
		if id, _, _, err := m.a.identity(names, fieldsOf(nil, names, vals)); err == nil {
			count[id]++
		}
		return true
	}}
}
