package sqldb

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestParallel delivers from several goroutines at once, twice each: every row is there once.
func TestParallel(t *testing.T) {
	for _, e := range []func(testing.TB) engine{
		func(t testing.TB) engine {
			return engine{"sqlite", dialect.Config{Path: emptyFile(t, "x.db")}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
		}, postgresEngine, mariaEngine,
	} {
		e := e(t)
		t.Run(e.typ, func(t *testing.T) {
			tg := e.open(t, nil)
			exec(t, tg, e.ddl...)
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					for round := range 4 {
						var ds []connectors.Delivery
						for i := range 10 {
							n := w*100 + round/2*10 + i
							ds = append(ds, app(fmt.Sprintf("P%d", n), "x", "p", "q"))
						}
						out, err := tg.Deliver(context.Background(), connectors.Group{Items: ds})
						for _, o := range out {
							if o.Class != connectors.Written && o.Class != connectors.Transient {
								t.Errorf("%+v %v", o, err)
							}
							if o.Class == connectors.Transient {
								if _, err := tg.Deliver(context.Background(), connectors.Group{Items: ds}); err != nil {
									t.Errorf("twice transient: %v", err)
								}
								break
							}
						}
					}
				})
			}
			wg.Wait()
			same(t, query(t, tg, "SELECT COUNT(*), COUNT(DISTINCT FORM_REF) FROM APPLICATION"), "80|80")
			same(t, query(t, tg, "SELECT COUNT(*) FROM PARCEL"), "160")
			same(t, query(t, tg, "SELECT COUNT(*) FROM INBASKET_LEDGER"), "80")
		})
	}
}
