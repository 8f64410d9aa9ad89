package sqldb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/postgres"
)

// scripted is a session whose answers a test gives; it speaks PostgreSQL's words.
type scripted struct {
	runs   []func(stmts []dialect.Statement, commit bool) ([]dialect.Result, error)
	closed *int
	backs  int
}

func (s *scripted) Run(_ context.Context, stmts []dialect.Statement, _, commit bool) ([]dialect.Result, error) {
	f := s.runs[0]
	s.runs = s.runs[1:]
	return f(stmts, commit)
}
func (s *scripted) Rollback(context.Context) error { s.backs++; return nil }
func (s *scripted) Forget(context.Context) error   { return nil }
func (s *scripted) Fresh() bool                    { return true }
func (s *scripted) Close()                         { *s.closed++ }

// scriptedTarget has the table PLAIN in its catalog already.
func scriptedTarget(t *testing.T, runs ...func([]dialect.Statement, bool) ([]dialect.Result, error)) (*Target, *int) {
	closed := 0
	s := &scripted{runs: runs, closed: &closed}
	d := postgres.Dialect()
	sys := &database.System{Dialect: d, Link: dialect.Link{Connect: func(context.Context) (dialect.Session, error) { return s, nil }, Close: func() error { return nil }}, Zone: time.UTC}
	c := d.Defaults()
	c.Parallel = 1
	tg := newTarget(connectors.Env{Clock: newClock(), Notify: func(connectors.Notice) {}}, c, sys)
	tab := dialect.NewTable("PLAIN", "plain", []*dialect.Column{{Name: "id", Scale: dialect.AnyScale}, {Name: "name", Scale: dialect.AnyScale}, {Name: "fee", Scale: dialect.AnyScale}})
	ledger := tg.LedgerTable()
	tab.Sure, ledger.Sure = true, true
	sys.Table = func(_ context.Context, _ dialect.Session, _, name string) (*dialect.Table, error) {
		if name == "PLAIN" {
			return tab, nil
		}
		return ledger, nil
	}
	tg.Cat.Put("PLAIN", tab)
	tg.Cat.Put(catalog.LedgerEntry, ledger)
	t.Cleanup(func() { _ = tg.Close() })
	return tg, &closed
}

func fails(f dialect.Fault) func([]dialect.Statement, bool) ([]dialect.Result, error) {
	return func([]dialect.Statement, bool) ([]dialect.Result, error) { return nil, &f }
}

func succeeds(stmts []dialect.Statement, _ bool) ([]dialect.Result, error) {
	results := make([]dialect.Result, len(stmts))
	for i := range stmts {
		results[i].Affected = stmts[i].Least
	}
	return results, nil
}

// TestFaults says what every way of breaking means for the items and for the connection.
func TestFaults(t *testing.T) {
	eof := errors.New("unexpected EOF near 'Müller'")
	for _, c := range []struct {
		name   string
		run    func([]dialect.Statement, bool) ([]dialect.Result, error)
		class  connectors.Class
		code   string
		closed int
	}{
		{"broken before commit was sent", fails(dialect.Fault{Index: 0, Err: eof}), connectors.Transient, dialect.CodeLost, 1},
		{"broken with commit on its way", fails(dialect.Fault{Index: 2, Committed: true, Err: eof}), connectors.Uncertain, dialect.CodeLost, 1},
		{"server says outcome unknown", fails(dialect.Fault{Index: 3, Committed: true, Answered: true, Err: &pgconn.PgError{Code: "40003"}}), connectors.Uncertain, dialect.CodeUnclear, 0},
		{"deadlock", fails(dialect.Fault{Index: 1, Committed: true, Answered: true, Err: &pgconn.PgError{Code: "40P01"}}), connectors.Transient, dialect.CodeBusy, 0},
		{"login", fails(dialect.Fault{Index: 1, Committed: true, Answered: true, Err: &pgconn.PgError{Code: "28000"}}), connectors.TargetError, dialect.CodeLogin, 0},
		{"panic", func([]dialect.Statement, bool) ([]dialect.Result, error) { panic("driver") }, connectors.Uncertain, dialect.CodePanic, 1},
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
	refused := fails(dialect.Fault{Index: 1, Committed: true, Answered: true, Err: &pgconn.PgError{Code: "22001"}})
	tg, _ := scriptedTarget(t, refused, refused, succeeds, refused, fails(dialect.Fault{Index: 1, Committed: true, Err: errors.New("EOF")}))
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
	tg, closed := scriptedTarget(t, succeeds, fails(dialect.Fault{Index: 0, Err: errors.New("reset")}), succeeds)
	clock := tg.Env.Clock.(*fakeClock)
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	clock.now = clock.now.Add(time.Minute)
	written(t, deliver(t, tg, flat("B", 2, "b")), "B")
	if *closed != 1 {
		t.Fatalf("closed %d", *closed)
	}
}

func TestUnreachable(t *testing.T) {
	tg, _ := scriptedTarget(t)
	tg.Sys.Connect = func(context.Context) (dialect.Session, error) { return nil, errors.New("connection refused") }
	d := connectors.Group{Items: []connectors.Delivery{flat("A", 1, "a")}}
	out, err := tg.Deliver(context.Background(), d)
	if connectors.ClassOf(err) != connectors.Transient || out[0].Class != connectors.Transient || out[0].Code != dialect.CodeUnreachable {
		t.Fatalf("%v %+v", err, out)
	}
	if _, err := tg.Lookup(context.Background(), d); connectors.ClassOf(err) != connectors.Transient {
		t.Fatal(err)
	}
	tg.Sys.Connect = func(context.Context) (dialect.Session, error) { return nil, errors.New("tls: x509: unknown authority") }
	if err := tg.Check(context.Background()); connectors.ClassOf(err) != connectors.TargetError {
		t.Fatal(err)
	}
}
