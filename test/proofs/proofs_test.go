package proofs

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/prove"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// engine is one kind of database.
type engine struct {
	typ, driver string
	fresh       func(t testing.TB) string
}

var engines = []engine{
	{"sqlite", "sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "legacy.db") }},
	{"postgres", "pgx", servers.PostgreSQL},
	{"mariadb", "mysql", servers.MariaDB},
}

// open makes the tables and opens the connector.
func (e engine) open(t testing.TB, ddl, zone string) connectors.Target {
	t.Helper()
	dsn := e.fresh(t)
	db, err := sql.Open(e.driver, dsn)
	must(t, err)
	defer db.Close()
	ddl += ";\n" + sqldb.LedgerDDL(e.typ, "INBASKET_LEDGER", "")
	for _, s := range strings.Split(regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(ddl, ""), ";") {
		if s = strings.TrimSpace(s); s != "" {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	for _, d := range sqldb.Targets() {
		if d.Type != e.typ {
			continue
		}
		c := d.Defaults().(*sqldb.Config)
		if c.Zone = zone; e.typ == "sqlite" {
			c.Path = dsn
		} else {
			c.DSN = dsn
		}
		target, err := d.Target(connectors.Env{Name: "legacy", Clock: clock{}, Notify: func(connectors.Notice) {}}, c)
		must(t, err)
		t.Cleanup(func() { _ = target.Close() })
		return target
	}
	t.Fatal("no such engine: " + e.typ)
	return nil
}

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

// After is a clock that never waits.
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// proofOf is what is proved of a mapping on a target.
func proofOf(t testing.TB, plan *mapping.Plan, name string, target connectors.Target) *prove.Proof {
	t.Helper()
	facts, err := target.(connectors.Knower).Facts(context.Background(), prove.Tables(plan, name))
	must(t, err)
	begin := time.Now()
	p := prove.Prove(plan, name, facts, time.Now)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("the proof took %v", took)
	} else {
		t.Logf("the proof took %v", took.Round(time.Millisecond))
	}
	return p
}

// forms is how many are written for each schema.
func forms() int {
	n, err := strconv.Atoi(os.Getenv("PROOFS"))
	if err != nil {
		return 2000
	}
	return n
}

// writeAll writes random forms in batches and returns how many were mapped and how the first few failed.
func writeAll(t testing.TB, name string, target connectors.Target, schema []byte, seed uint64, again bool, plans ...*mapping.Plan) (admitted, mapped int, failures []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(schema))
	d.UseNumber()
	f := &Forms{R: rand.New(rand.NewPCG(seed, 1))}
	must(t, d.Decode(&f.Root))
	var group []connectors.Delivery
	byKey, seen := map[string][]byte{}, map[string]bool{}
	send := func() {
		if len(group) == 0 {
			return
		}
		out, err := target.Deliver(context.Background(), connectors.Group{Items: group})
		if err != nil && len(failures) < 20 { // each is refused alike
			failures = append(failures, err.Error())
		}
		for _, o := range out {
			if o.Class != connectors.Written && len(failures) < 20 {
				failures = append(failures, fmt.Sprintf("%s %s %s\n  %s", o.Code, o.Text, o.Raw, byKey[o.Key]))
			}
		}
		group = group[:0]
		clear(byKey)
	}
	if len(plans) == 0 {
		return 0, 0, nil
	}
	plan := plans[0] // all have one schema
	for tries := 0; admitted < forms() && tries < 40*forms(); tries++ {
		raw, err := json.Marshal(f.One(f.Root, 0))
		must(t, err)
		form, err := plan.Decode(raw, "")
		if err != nil || plan.Validate(form) != nil {
			continue
		}
		if ref, err := plan.Reference(form); err == nil && ref != "" && !again { // a form that came before goes nowhere
			if seen[ref] && !renewed(plan, form, len(seen)) {
				continue
			}
			ref, _ = plan.Reference(form)
			seen[ref] = true
			raw, _ = json.Marshal(form)
		}
		admitted++
		id := fmt.Sprintf("%013d", tries)
		in := mapping.Input{ID: id, Reference: id, Received: time.Now()}
		d := connectors.Delivery{Key: id, Submission: id}
		for _, plan := range plans {
			out, err := plan.Map(form, in)
			if err != nil {
				continue
			}
			for _, one := range out.Deliveries {
				if one.Target == name {
					d.Records, d.Order = append(d.Records, one.Records...), one.Order
				}
			}
		}
		if len(d.Records) > 0 {
			mapped++
			group, byKey[id] = append(group, d), raw
		}
		if len(group) == 50 {
			send()
		}
	}
	send()
	return admitted, mapped, failures
}

// renewed gives a form a reference that no other one has.
func renewed(plan *mapping.Plan, form mapping.Form, n int) bool {
	at, ok := form.(map[string]any)
	if meta, is := at["meta"].(map[string]any); is {
		meta["reference"] = fmt.Sprintf("NR%d", n)
	} else {
		at["ref"] = fmt.Sprintf("NR%d", n)
	}
	return ok && plan.Validate(form) == nil
}

func loaded(t testing.TB, files fs.FS, name string) *mapping.Plan {
	t.Helper()
	plan, err := load.Mapping(files, name, nil)
	must(t, err)
	return plan
}

// told is a proof in words.
func told(p *prove.Proof) string {
	b, _ := json.MarshalIndent(p, "", " ")
	return string(b)
}

// holds compares what is said of a mapping with what becomes of forms: where it is proved none fails, and a form that is said to fail does.
func holds(t *testing.T, plan *mapping.Plan, name string, target connectors.Target, schema []byte, proved, refuted, again bool) {
	t.Helper()
	p := proofOf(t, plan, name, target)
	if proved && !p.Proved || refuted && p.Counter == nil {
		t.Errorf("it says\n%s", told(p))
	}
	if p.Counter != nil {
		counters(t, plan, target, p, "")
	}
	admitted, mapped, failures := writeAll(t, name, target, schema, 1, again, plan)
	t.Logf("proved: %v; %d forms that the schema admits, %d mapped", p.Proved, admitted, mapped)
	if mapped < forms()/20 {
		t.Errorf("only %d of %d forms were mapped", mapped, admitted)
	}
	if p.Proved && len(failures) > 0 {
		t.Errorf("proved, and yet it fails:\n%s\n%s", strings.Join(failures, "\n"), told(p))
	}
}

// counters sees whether a form that is said to fail does.
func counters(t *testing.T, plan *mapping.Plan, target connectors.Target, p *prove.Proof, about string) {
	t.Helper()
	in := mapping.Input{ID: "0000000000000", Reference: "R1", Received: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	m, err := plan.Map(p.Counter.Form, in)
	must(t, err)
	for _, d := range m.Deliveries {
		if d.Target != p.Target {
			continue
		}
		out, err := target.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{{Key: "counter" + about[:min(len(about), 16)], Submission: in.ID, Records: d.Records}}})
		must(t, err)
		if out[0].Class != connectors.ItemError || out[0].Code != p.Counter.Code {
			t.Errorf("the form that is said to fail ends as %+v\n%s\n%s", out[0], about, told(p))
		}
	}
}

type knower = connectors.Knower
