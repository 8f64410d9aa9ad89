package sqldb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
)

// scripted is a session whose answers a test gives; it speaks PostgreSQL's words.
type scripted struct {
	runs   []func(stmts []statement, commit bool) ([]result, error)
	closed *int
	backs  int
}

func (s *scripted) run(_ context.Context, stmts []statement, _, commit bool) ([]result, error) {
	f := s.runs[0]
	s.runs = s.runs[1:]
	return f(stmts, commit)
}
func (s *scripted) rollback(context.Context) error { s.backs++; return nil }
func (s *scripted) forget(context.Context) error   { return nil }
func (s *scripted) fresh() bool                    { return true }
func (s *scripted) close()                         { *s.closed++ }

// scriptedTarget has the table PLAIN in its catalog already.
func scriptedTarget(t *testing.T, runs ...func([]statement, bool) ([]result, error)) (*Target, *int) {
	closed := 0
	s := &scripted{runs: runs, closed: &closed}
	d := postgresDialect()
	sys := &system{d, link{func(context.Context) (session, error) { return s, nil }, func() error { return nil }}, time.UTC}
	c := d.defaults()
	c.Parallel = 1
	tg := newTarget(connectors.Env{Clock: newClock(), Notify: func(connectors.Notice) {}}, c, sys)
	tab := newTable("PLAIN", "plain", []*column{{name: "id", scale: anyScale}, {name: "name", scale: anyScale}, {name: "fee", scale: anyScale}})
	ledger := tg.ledgerTable()
	tab.sure, ledger.sure = true, true
	sys.table = func(_ context.Context, _ session, _, name string) (*table, error) {
		if name == "PLAIN" {
			return tab, nil
		}
		return ledger, nil
	}
	tg.cat.put("PLAIN", tab)
	tg.cat.put(ledgerEntry, ledger)
	t.Cleanup(func() { _ = tg.Close() })
	return tg, &closed
}

func fails(f fault) func([]statement, bool) ([]result, error) {
	return func([]statement, bool) ([]result, error) { return nil, &f }
}

func succeeds(stmts []statement, _ bool) ([]result, error) {
	results := make([]result, len(stmts))
	for i := range stmts {
		results[i].affected = stmts[i].least
	}
	return results, nil
}

// TestFaults says what every way of breaking means for the items and for the connection.
func TestFaults(t *testing.T) {
	eof := errors.New("unexpected EOF near 'Müller'")
	for _, c := range []struct {
		name   string
		run    func([]statement, bool) ([]result, error)
		class  connectors.Class
		code   string
		closed int
	}{
		{"broken before commit was sent", fails(fault{index: 0, err: eof}), connectors.Transient, CodeLost, 1},
		{"broken with commit on its way", fails(fault{index: 2, committed: true, err: eof}), connectors.Uncertain, CodeLost, 1},
		{"server says outcome unknown", fails(fault{index: 3, committed: true, answered: true, err: &pgconn.PgError{Code: "40003"}}), connectors.Uncertain, CodeUnclear, 0},
		{"deadlock", fails(fault{index: 1, committed: true, answered: true, err: &pgconn.PgError{Code: "40P01"}}), connectors.Transient, CodeBusy, 0},
		{"login", fails(fault{index: 1, committed: true, answered: true, err: &pgconn.PgError{Code: "28000"}}), connectors.TargetError, CodeLogin, 0},
		{"panic", func([]statement, bool) ([]result, error) { panic("driver") }, connectors.Uncertain, CodePanic, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg, closed := scriptedTarget(t, c.run)
			out, err := tg.Deliver(context.Background(), connectors.Group{Items: []connectors.Delivery{flat("A", 1, "a"), flat("B", 2, "b")}})
			if len(out) != 2 || connectors.ClassOf(err) != c.class || *closed != c.closed {
				t.Fatalf("%v %+v closed %d", err, out, *closed)
			}
			for _, o := range out {
				if o.Class != c.class || o.Code != c.code || o.Text == "" || o.Raw == "" {
					t.Fatalf("%+v", o)
				}
			}
		})
	}
}

// TestHaltWhileSplitting breaks the connection after the first half was written: the halves end differently. What is
// refused at first is tried again with a fresh catalog.
func TestHaltWhileSplitting(t *testing.T) {
	refused := fails(fault{index: 1, committed: true, answered: true, err: &pgconn.PgError{Code: "22001"}})
	tg, _ := scriptedTarget(t, refused, refused, succeeds, refused, fails(fault{index: 1, committed: true, err: errors.New("EOF")}))
	var ds []connectors.Delivery
	for i := range int64(8) {
		ds = append(ds, flat(fmt.Sprint(i), i, "a"))
	}
	out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
	if connectors.ClassOf(err) != connectors.Uncertain {
		t.Fatal(err)
	}
	for i, o := range out {
		want := connectors.Written
		if i >= 4 {
			want = connectors.Uncertain
		}
		if i >= 6 {
			want = connectors.Transient // never sent
		}
		if o.Class != want {
			t.Fatalf("%d: %+v", i, o)
		}
	}
}

// TestStaleConnections tries out a connection that lay idle, and takes a new one when it is dead.
func TestStaleConnections(t *testing.T) {
	tg, closed := scriptedTarget(t, succeeds, fails(fault{index: 0, err: errors.New("reset")}), succeeds)
	clock := tg.env.Clock.(*fakeClock)
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	clock.now = clock.now.Add(time.Minute)
	written(t, deliver(t, tg, flat("B", 2, "b")), "B")
	if *closed != 1 {
		t.Fatalf("closed %d", *closed)
	}
}

func TestUnreachable(t *testing.T) {
	tg, _ := scriptedTarget(t)
	tg.sys.connect = func(context.Context) (session, error) { return nil, errors.New("connection refused") }
	d := connectors.Group{Items: []connectors.Delivery{flat("A", 1, "a")}}
	out, err := tg.Deliver(context.Background(), d)
	if connectors.ClassOf(err) != connectors.Transient || out[0].Class != connectors.Transient || out[0].Code != CodeUnreachable {
		t.Fatalf("%v %+v", err, out)
	}
	if _, err := tg.Lookup(context.Background(), d); connectors.ClassOf(err) != connectors.Transient {
		t.Fatal(err)
	}
	tg.sys.connect = func(context.Context) (session, error) { return nil, errors.New("tls: x509: unknown authority") }
	if err := tg.Check(context.Background()); connectors.ClassOf(err) != connectors.TargetError {
		t.Fatal(err)
	}
}
