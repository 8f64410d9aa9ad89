package sqldb

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/sqlite"
)

// evident is a SQLite target with a clock of its own.
func evident(t *testing.T, ledger bool) *Target {
	t.Helper()
	d := sqlite.Dialect()
	c := d.Defaults()
	c.Path, c.Ledger, c.CreateLedger = emptyFile(t, "x.db"), ledger, ledger
	e := connectors.Env{Name: "register", Identity: "register-1", Clock: newClock(), Notify: func(connectors.Notice) {}}
	tg, err := open(e, c, &d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tg.Close() })
	run(t, tg, `CREATE TABLE PLAIN (ID integer PRIMARY KEY, NAME text, FEE numeric)`)
	return tg
}

func run(t *testing.T, tg *Target, sql string) {
	t.Helper()
	s, err := tg.Pool.Get(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer tg.Pool.Put(s)
	if _, err := s.Run(context.Background(), []dialect.Statement{{SQL: sql, Item: -1}}, true, true); err != nil {
		t.Fatal(err)
	}
}

func traces(t *testing.T, tg *Target, since time.Time) (list []connectors.Trace) {
	t.Helper()
	err := tg.Evidence(context.Background(), since, func(tr connectors.Trace) error { list = append(list, tr); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func mine(key string, id int64) connectors.Delivery {
	d := flat(key, id, "a")
	d.Key, d.Submission, d.Digest = key+"/register-1", key, connectors.Digest{1, 2, byte(id)}
	return d
}

// TestEvidence tells this agent's rows of the ledger with their digests, and none of another agent's or of before.
func TestEvidence(t *testing.T) {
	tg := evident(t, true)
	other := mine("OTHER", 2)
	other.Key = "OTHER/register-2"
	for _, o := range deliver(t, tg, mine("AAA", 1), other, mine("OLD", 3)) {
		if o.Class != connectors.Written {
			t.Fatalf("%+v", o)
		}
	}
	run(t, tg, "UPDATE INBASKET_LEDGER SET WRITTEN_AT=datetime('now', '-10 days') WHERE SUBMISSION='OLD'")
	now := tg.Env.Clock.Now()
	got := traces(t, tg, now.Add(-time.Hour))
	if len(got) != 1 || got[0].Submission != "AAA" || got[0].Digest != (connectors.Digest{1, 2, 1}) || got[0].Key != "AAA/register-1" ||
		now.Sub(got[0].At).Abs() > time.Minute {
		t.Fatalf("%+v", got)
	}
	if got := traces(t, tg, now.Add(-20*24*time.Hour)); len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	stop := errors.New("stop")
	if err := tg.Evidence(context.Background(), now.Add(-time.Hour), func(connectors.Trace) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if err := evident(t, false).Evidence(context.Background(), now, nil); !errors.Is(err, connectors.ErrNoEvidence) {
		t.Fatal(err)
	}
}

// TestOldLedger goes on with a ledger that was made before the column DIGEST, tells the DBA's statement, and uses
// the column as soon as it is there.
func TestOldLedger(t *testing.T) {
	tg := evident(t, true)
	run(t, tg, "ALTER TABLE INBASKET_LEDGER DROP COLUMN DIGEST")
	var notices []connectors.Notice
	tg.Env.Notify = func(n connectors.Notice) { notices = append(notices, n) }
	if o := deliver(t, tg, mine("AAA", 1)); o["AAA"].Class != connectors.Written {
		t.Fatalf("%+v", o)
	}
	if err := tg.Check(context.Background()); err != nil || len(notices) != 1 || notices[0].Code != dialect.CodeNoDigest {
		t.Fatalf("%v %+v", err, notices)
	}
	if got := traces(t, tg, tg.Env.Clock.Now().Add(-time.Hour)); len(got) != 1 || got[0].Digest != (connectors.Digest{}) {
		t.Fatalf("%+v", got)
	}
	run(t, tg, tg.Sys.DigestAdded("INBASKET_LEDGER"))
	tg.Cat.Forget()
	if o := deliver(t, tg, mine("BBB", 2)); o["BBB"].Class != connectors.Written {
		t.Fatalf("%+v", o)
	}
	got := traces(t, tg, tg.Env.Clock.Now().Add(-time.Hour))
	if len(got) != 2 || got[1].Digest != (connectors.Digest{1, 2, 2}) {
		t.Fatalf("%+v", got)
	}
}

// TestRepeat gives what was marked since a time once more, each once, and marks nothing.
func TestRepeat(t *testing.T) {
	tg := evident(t, true)
	run(t, tg, "CREATE TABLE DECISION (ID integer, SENT timestamp)")
	run(t, tg, "INSERT INTO DECISION VALUES (1, '2020-01-01 00:00:00'), (2, '2026-11-22 08:00:00'), (3, '2026-11-22 10:00:00')")
	q := connectors.Question{Again: "select ID, SENT from DECISION where SENT >= :since order by ID", ID: []string{"ID"}}
	src, err := tg.Repeat(q, time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for {
		list, err := src.Next(context.Background(), 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var receipts []connectors.Receipt
		for _, r := range list {
			ids = append(ids, r.ID)
			receipts = append(receipts, connectors.Receipt{Handle: r.Handle, Verdict: connectors.Repeat})
		}
		if err := src.Settle(context.Background(), receipts); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 2 || ids[0] != "2" || ids[1] != "3" {
		t.Fatal(ids)
	}
	for _, wrong := range []string{"", "select ID from DECISION", "select ID from DECISION where ID=:id"} {
		q.Again = wrong
		if _, err := tg.Repeat(q, tg.Env.Clock.Now()); err == nil {
			t.Fatalf("%q is taken", wrong)
		}
	}
}
