package sqldb

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/test/servers"
)

// BenchmarkPostgreSQL writes groups of 500 deliveries, each a parent of 25 columns, two or three children
// and the ledger row, over two connections with synchronous_commit on. One operation is one form.
func BenchmarkPostgreSQL(b *testing.B) {
	db, err := servers.StartPostgreSQL(servers.Options{Durable: true})
	if err != nil {
		b.Skip(err)
	}
	defer db.Close()
	dsn, err := db.Create()
	if err != nil {
		b.Fatal(err)
	}
	for _, back := range []bool{false, true} {
		b.Run(fmt.Sprintf("returning=%v", back), func(b *testing.B) { benchGroups(b, dsn, back) })
	}
}

func benchGroups(b *testing.B, dsn string, back bool) {
	e := engine{typ: "postgres", config: dialect.Config{DSN: dsn}}
	tg := e.open(b, nil)
	cols := []string{"ref varchar(20) primary key", "no bigint generated always as identity"}
	sh := &connectors.Shape{Write: "app", Object: "form", Fields: []string{"REF"}, Key: []int{0}}
	for i := range 24 {
		typ := []string{"varchar(40)", "date", "numeric(9,2)", "integer"}[i%4]
		cols = append(cols, fmt.Sprintf("c%d %s", i, typ))
		sh.Fields = append(sh.Fields, fmt.Sprintf("C%d", i))
	}
	kid := &connectors.Shape{Write: "kid", Object: "dependant", Fields: []string{"REF", "N", "NAME", "BORN"}}
	exec(b, tg, "DROP TABLE IF EXISTS form, dependant", "CREATE TABLE form ("+strings.Join(cols, ", ")+")",
		"CREATE TABLE dependant (ref varchar(20), n integer, name varchar(40), born date)", "TRUNCATE INBASKET_LEDGER")
	if back {
		sh.Returning = []string{"NO"}
	}
	form := func(n int) connectors.Delivery {
		key := fmt.Sprintf("%013d", n)
		vals := []connectors.Value{text(key)}
		for i := range 24 {
			vals = append(vals, []connectors.Value{text("Müller-Lüdenscheidt"), date("1970-02-28"), decimal("1234.56"), integer(int64(n))}[i%4])
		}
		d := connectors.Delivery{Key: key + "/register", Submission: key, Records: []connectors.Record{{Shape: sh, Values: vals}}}
		for i := range 2 + n%2 {
			d.Records = append(d.Records, connectors.Record{Shape: kid, Values: []connectors.Value{text(key), integer(int64(i)), text("Kind"), date("2001-01-01")}})
		}
		return d
	}
	all := make([]connectors.Delivery, b.N)
	for i := range all {
		all[i] = form(i)
	}
	groups := make(chan []connectors.Delivery, b.N/500+2)
	for i := 0; i < len(all); i += 500 {
		groups <- all[i:min(i+500, len(all))]
	}
	close(groups)
	b.ReportAllocs()
	b.ResetTimer()
	began, cpu := time.Now(), cpuTime()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for g := range groups {
				if _, err := tg.Deliver(context.Background(), connectors.Group{Items: g}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	took, used := time.Since(began), cpuTime()-cpu
	if got := query(b, tg, "SELECT COUNT(*), COUNT(DISTINCT d.ref) FROM form f JOIN dependant d ON d.ref = f.ref JOIN INBASKET_LEDGER l ON l.SUBMISSION = f.ref")[0]; got != fmt.Sprintf("%d|%d", 2*b.N+b.N/2, b.N) {
		b.Fatalf("%d forms gave %s", b.N, got)
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "forms/s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/form")
}
