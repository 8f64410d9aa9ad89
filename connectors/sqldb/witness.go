package sqldb

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// ledgerEntry is the ledger's place in the catalog; no table has this name.
const ledgerEntry = "\x00ledger"

// loadLedger learns whether the ledger has the column DIGEST, which those of earlier versions have not, and whether what
// is written to it can be taken back.
func (k *known) loadLedger(ctx context.Context, s session) error {
	t := k.t
	if !t.cfg.Ledger || k.tables[ledgerEntry] != nil {
		return nil
	}
	tab := t.cat.get(ledgerEntry)
	if tab == nil {
		schema, name := splitName(t.cfg.LedgerTable, t.cfg.Schema)
		if t.sys.fold != nil {
			name = t.sys.fold(name) // its DDL has it without quotes
		}
		var err error
		if tab, err = t.sys.table(ctx, s, schema, name); err != nil {
			return err
		}
		if tab == nil || len(tab.columns) == 0 {
			return nil // one that is not there is told of by what is written to it
		}
		t.cat.put(ledgerEntry, tab)
	}
	if err := canTakeBack(tab, ledgerOp); err != nil {
		return err
	}
	if !tab.unique([]string{"DELIVERY"}) { // a key that could come twice would let a delivery be written twice
		return connectors.Errorf(connectors.TargetError, CodeNoLedger, ledgerOp,
			"have the DBA make DELIVERY the ledger's primary key, as inbasket ledger ddl prints it", "no unique key on DELIVERY alone")
	}
	k.tables[ledgerEntry] = tab
	return nil
}

// ledgerName is the ledger in statements: the very table that was found, once it is known.
func (k *known) ledgerName() string {
	if tab := k.tables[ledgerEntry]; tab != nil {
		return tab.name
	}
	return k.t.cfg.LedgerTable
}

func (k *known) keepsDigests() bool {
	tab := k.tables[ledgerEntry]
	return tab != nil && tab.column("DIGEST") != nil
}

// digestArg is how the ledger keeps a submission's digest.
func digestArg(d connectors.Digest) any {
	if d == (connectors.Digest{}) {
		return nil
	}
	return hex.EncodeToString(d[:])
}

// digestDDL is what a DBA runs on a ledger of an earlier version.
func digestDDL(dialect, table string) string {
	typ := "varchar(64)"
	if dialect == "oracle" {
		typ = "varchar2(64)"
	}
	return "ALTER TABLE " + table + " ADD DIGEST " + typ
}

// Evidence tells the rows of the ledger that were written since a time by this agent. Times are measured as ages by
// the database's own clock, so that neither zones nor clocks that differ matter.
func (t *Target) Evidence(ctx context.Context, since time.Time, each func(connectors.Trace) error) error {
	if !t.cfg.Ledger {
		return connectors.ErrNoEvidence
	}
	s, err := t.pool.get(ctx)
	if err != nil {
		return t.connectError(err)
	}
	err = t.evidence(ctx, s, since, each)
	if err == nil {
		t.giveBack(ctx, s)
		return nil
	}
	if broken(err) || s.rollback(ctx) != nil {
		s.close()
	} else {
		t.pool.put(s)
	}
	var f *fault
	if errors.As(err, &f) {
		return t.meaning((&attempt{t: t}).locate(err, []statement{{op: ledgerOp, item: -1}})).err
	}
	return err
}

func (t *Target) evidence(ctx context.Context, s session, since time.Time, each func(connectors.Trace) error) error {
	k, err := t.readAnew(ctx, s)
	if err != nil {
		return err
	}
	if err := k.loadLedger(ctx, s); err != nil {
		return err
	}
	digest := "DIGEST"
	if !k.keepsDigests() {
		digest = "NULL"
	}
	now := t.env.Clock.Now()
	seconds := max(int64(now.Sub(since)/time.Second), 0)
	var failed error
	st := statement{rows: true, op: ledgerOp, item: -1,
		sql: "SELECT DELIVERY, SUBMISSION, " + digest + ", " + t.sys.age + " FROM " + k.ledgerName() + " WHERE " + t.sys.since(seconds)}
	mine := "/" + t.env.Identity
	st.each = func(names []string, vals []connectors.Value) bool {
		if names == nil || len(vals) != 4 {
			return false
		}
		trace := connectors.Trace{Key: strings.TrimRight(vals[0].Str, " "), Submission: strings.TrimRight(vals[1].Str, " "), At: now}
		if !strings.HasSuffix(trace.Key, mine) { // several agents may share a ledger
			return true
		}
		if vals[2].Kind == connectors.Text {
			_ = trace.Digest.UnmarshalText([]byte(strings.TrimRight(vals[2].Str, " "))) // one that was changed by hand is none
		}
		trace.At = now.Add(-time.Duration(secondsOf(vals[3])) * time.Second)
		failed = each(trace)
		return failed == nil
	}
	_, err = s.run(ctx, []statement{st}, false, false)
	return errors.Join(err, failed)
}

func secondsOf(v connectors.Value) int64 {
	if v.Kind == connectors.Integer {
		return v.Int
	}
	f, err := strconv.ParseFloat(v.Str, 64)
	if err != nil {
		return 0
	}
	return int64(f)
}

// Repeat returns a source that gives what was marked as fetched since a time, as the mapping asks for it.
func (t *Target) Repeat(q connectors.Question, since time.Time) (connectors.ResultSource, error) {
	m, err := parseMark(q.Again, t.sys.bind)
	if err == nil && (len(m.names) == 0 || strings.TrimSpace(q.Again) == "") {
		err = errors.New("it has no place :since")
	}
	for _, name := range m.names {
		if err == nil && !strings.EqualFold(name, "since") {
			err = errors.New("it has a place :" + name)
		}
	}
	var at any
	if err == nil {
		at = earliestClock(since.In(t.sys.zone), t.sys.name == "postgres")
	}
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, CodeQuery, "ask for results again", "mend answer.again in the mapping: its one place is :since", "%w", err)
	}
	args := make([]any, len(m.names))
	for i := range args {
		args[i] = at
	}
	q.Query = m.sql
	return &repeated{answers: &answers{t: t, q: q, args: args, pending: map[string]answer{}, settled: map[[32]byte]bool{}, rests: map[string]rest{}, told: map[string]string{}, done: make(chan struct{})}}, nil
}

// earliestClock is the earliest that clocks show from t on: where they are put back soon after, that is less than
// they show at t, and what is written in the hour that comes again must not be missed. PostgreSQL takes the offset
// for a column with a zone, which it would guess otherwise, and ignores it for one without.
func earliestClock(t time.Time, offset bool) string {
	const layout = "2006-01-02 15:04:05"
	text := t.Format(layout)
	for at := t.Truncate(15 * time.Minute); at.Before(t.Add(3 * time.Hour)); {
		at = at.Add(15 * time.Minute)
		text = min(text, at.Format(layout))
	}
	if offset {
		text += t.Format("-07:00")
	}
	return text
}

// repeated is the source over one query that is asked until it gives nothing new.
type repeated struct{ *answers }

// Next returns rows that it has not returned yet, and io.EOF after the last.
func (r *repeated) Next(ctx context.Context, max int) ([]connectors.Result, error) {
	results, err := r.poll(ctx, max)
	if err == nil && len(results) == 0 {
		return nil, io.EOF
	}
	return results, err
}
