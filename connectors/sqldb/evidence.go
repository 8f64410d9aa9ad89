package sqldb

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
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
	if !t.cfg.Ledger {
		return connectors.ErrNoEvidence
	}
	var failed error
	err := t.use(ctx, func(s session) error {
		st, err := t.evidence(ctx, s, since, func(trace connectors.Trace) bool {
			failed = each(trace)
			return failed == nil
		})
		if err == nil {
			_, err = s.run(ctx, []statement{st}, false, false)
		}
		return t.locate(err, []statement{st})
	})
	if err == nil {
		err = failed
	}
	return err
}

// evidence is the question for the rows of this agent.
func (t *Writer) evidence(ctx context.Context, s session, since time.Time, each func(connectors.Trace) bool) (statement, error) {
	st := statement{rows: true, op: ledgerOp, item: -1}
	k, err := t.cat.readAnew(ctx, s)
	if err == nil {
		err = k.loadLedger(ctx, s)
	}
	if err != nil {
		return st, err
	}
	digest := "DIGEST"
	if !k.keepsDigests() {
		digest = "NULL"
	}
	now := t.env.Clock.Now()
	seconds := max(int64(now.Sub(since)/time.Second), 0)
	st.sql = "SELECT DELIVERY, SUBMISSION, " + digest + ", " + t.sys.age + " FROM " + k.ledgerName() + " WHERE " + t.sys.since(seconds)
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
		return each(trace)
	}
	return st, nil
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
