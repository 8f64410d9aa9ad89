package write

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// digestArg is how the ledger keeps a submission's digest.
func digestArg(d connectors.Digest) any {
	if d == (connectors.Digest{}) {
		return nil
	}
	return hex.EncodeToString(d[:])
}

// Evidence tells the rows of the ledger that were written since a time by this agent. Times are measured as ages by
// the database's own clock, so that neither zones nor clocks that differ matter.
func (t *Writer) Evidence(ctx context.Context, since time.Time, each func(connectors.Trace) error) error {
	if !t.Cfg.Ledger {
		return connectors.ErrNoEvidence
	}
	var failed error
	err := t.Use(ctx, func(s dialect.Session) error {
		st, err := t.evidence(ctx, s, since, func(trace connectors.Trace) bool {
			failed = each(trace)
			return failed == nil
		})
		if err == nil {
			_, err = s.Run(ctx, []dialect.Statement{st}, false, false)
		}
		return t.Locate(err, []dialect.Statement{st})
	})
	if err == nil {
		err = failed
	}
	return err
}

// evidence is the question for the rows of this agent.
func (t *Writer) evidence(ctx context.Context, s dialect.Session, since time.Time, each func(connectors.Trace) bool) (dialect.Statement, error) {
	st := dialect.Statement{Rows: true, Op: dialect.LedgerOp, Item: -1}
	k, err := t.Cat.ReadAnew(ctx, s)
	if err == nil {
		err = k.LoadLedger(ctx, s)
	}
	if err != nil {
		return st, err
	}
	digest := "DIGEST"
	if !k.KeepsDigests() {
		digest = "NULL"
	}
	now := t.Env.Clock.Now()
	seconds := max(int64(now.Sub(since)/time.Second), 0)
	st.SQL = "SELECT DELIVERY, SUBMISSION, " + digest + ", " + t.Sys.Age + " FROM " + k.LedgerName() + " WHERE " + t.Sys.Since(seconds)
	mine := "/" + t.Env.Identity
	st.Each = func(names []string, vals []connectors.Value) bool {
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
		trace.At = now.Add(-time.Duration(dialect.AsInt(vals[3])) * time.Second)
		return each(trace)
	}
	return st, nil
}
