package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// database is one that is written to, and what has arrived in it.
type database struct {
	dsn    string
	db     *pgx.Conn
	ledger bool // the ledger table is there
}

// addDatabase makes another database with its tables, and with the ledger once the agent is there.
func (b *bench) addDatabase(ctx context.Context) error {
	dsn, err := b.server.Create()
	if err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	d := &database{dsn: dsn, db: db, ledger: b.ledger != ""}
	b.databases = append(b.databases, d)
	if _, err := db.Exec(ctx, tablesSQL+b.ledger); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	return nil
}

func (d *database) close() { d.db.Close(context.Background()) }

// reset empties all tables and lets the server settle. There is no vacuum: a table that is known to be empty
// makes PostgreSQL plan the foreign key's check as a sequential scan, and keep that plan for the session.
func (d *database) reset(ctx context.Context) error {
	sql := "truncate application, dependant restart identity"
	if d.ledger {
		sql = "truncate application, dependant, inbasket_ledger restart identity"
	}
	for _, s := range []string{sql, "checkpoint"} {
		if _, err := d.db.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// highest returns the highest generated key: a cheap first look at how many rows there may be.
func (d *database) highest(ctx context.Context) (n int64, err error) {
	err = d.db.QueryRow(ctx, "select coalesce(max(id), 0) from application").Scan(&n)
	return n, err
}

// rows returns the number of parents and children.
func (d *database) rows(ctx context.Context) (parents, children int64, err error) {
	err = d.db.QueryRow(ctx, "select (select count(*) from application), (select count(*) from dependant)").Scan(&parents, &children)
	return parents, children, err
}

// arrived waits until n parents stand in the database and tells when the first came and what memory the
// process took until then. The look costs the server little, and the same for every contestant.
func (d *database) arrived(ctx context.Context, p *process, n int, patience time.Duration) (f figures, err error) {
	for {
		f.RSS = max(f.RSS, p.peak())
		got, err := d.highest(ctx)
		if err != nil {
			return f, err
		}
		if got > 0 && f.First == 0 {
			f.First = time.Since(p.begun)
		}
		if got >= int64(n) {
			parents, _, err := d.rows(ctx)
			if err != nil || parents >= int64(n) {
				return f, err
			}
		}
		if time.Since(p.begun) > patience {
			return f, fmt.Errorf("only %d of %d forms after %v", got, n, patience)
		}
		time.Sleep(3 * time.Millisecond)
	}
}

// verify fails unless the forms from first up to last stand there once each with all their dependants.
func (d *database) verify(ctx context.Context, seed uint64, first, last int) error {
	var want int64
	for i := first; i < last; i++ {
		var a application
		if err := json.Unmarshal(form(seed, i), &a); err != nil {
			return err
		}
		want += int64(len(a.Dependants))
	}
	parents, children, err := d.rows(ctx)
	if err != nil {
		return err
	}
	if n := int64(last - first); parents != n || children != want {
		return fmt.Errorf("%d forms and %d dependants stand in the database, want %d and %d", parents, children, n, want)
	}
	return nil
}
