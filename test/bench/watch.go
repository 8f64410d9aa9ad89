package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// watcher sees what has arrived in the database.
type watcher struct{ db *pgx.Conn }

func newWatcher(ctx context.Context, dsn string) (*watcher, error) {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(ctx, tablesSQL); err != nil {
		return nil, fmt.Errorf("create tables: %w", err)
	}
	return &watcher{db}, nil
}

func (w *watcher) close() { w.db.Close(context.Background()) }

// reset empties all tables and lets the server settle. There is no vacuum: a table that is known to be empty
// makes PostgreSQL plan the foreign key's check as a sequential scan, and keep that plan for the session.
func (w *watcher) reset(ctx context.Context, ledger bool) error {
	sql := "truncate application, dependant restart identity"
	if ledger {
		sql = "truncate application, dependant, inbasket_ledger restart identity"
	}
	for _, s := range []string{sql, "checkpoint"} {
		if _, err := w.db.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// highest returns the highest generated key: a cheap first look at how many rows there may be.
func (w *watcher) highest(ctx context.Context) (n int64, err error) {
	err = w.db.QueryRow(ctx, "select coalesce(max(id), 0) from application").Scan(&n)
	return n, err
}

// rows returns the number of parents and children.
func (w *watcher) rows(ctx context.Context) (parents, children int64, err error) {
	err = w.db.QueryRow(ctx, "select (select count(*) from application), (select count(*) from dependant)").Scan(&parents, &children)
	return parents, children, err
}

// arrived waits until n parents stand in the database and tells when the first came and what memory the
// process took until then. The look costs the server little, and the same for every contestant.
func (w *watcher) arrived(ctx context.Context, p *process, n int, patience time.Duration) (f figures, err error) {
	for {
		f.RSS = max(f.RSS, p.peak())
		got, err := w.highest(ctx)
		if err != nil {
			return f, err
		}
		if got > 0 && f.First == 0 {
			f.First = time.Since(p.begun)
		}
		if got >= int64(n) {
			parents, _, err := w.rows(ctx)
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
