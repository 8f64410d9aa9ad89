package sqldb

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestWords compares the SQL of every dialect and operation with a golden file: Oracle cannot be run here.
func TestWords(t *testing.T) {
	for _, d := range dialects() {
		t.Run(d.Name, func(t *testing.T) {
			var b strings.Builder
			for _, op := range []connectors.Op{connectors.Insert, connectors.Upsert, connectors.Update, connectors.ReplaceChildren, connectors.Call} {
				for _, back := range []bool{false, true} {
					words(&b, d, op, back)
				}
			}
			b.WriteString("-- ledger\n" + LedgerDDL(d.Name, "INBASKET_LEDGER", "inbasket"))
			golden(t, d.Name+".sql", b.String())
		})
	}
	if LedgerDDL("db3", "X", "y") != "" {
		t.Fatal("unknown dialect")
	}
}

func words(b *strings.Builder, d *dialect.Dialect, op connectors.Op, back bool) {
	col := func(n string) *dialect.Column {
		c := d.Key
		c.Name, c.Typ, c.Fam, c.Scale = n, "varchar", dialect.FamText, dialect.AnyScale
		return &c
	}
	sh := &connectors.Shape{Write: "w", Object: "T", Op: op, Fields: []string{"ID", "NAME"}, Key: []int{0}}
	if back {
		sh.Returning = []string{"NO"}
	}
	tab := dialect.NewTable("T", d.Quote("T"), []*dialect.Column{col("ID"), col("NAME"), col("NO")})
	tab.Uniques = [][]string{{"ID"}}
	if op == connectors.Call {
		tab.Name, tab.Routine = "T", &dialect.Routine{Params: []*dialect.Column{tab.Column("NO"), tab.Column("ID"), tab.Column("NAME")}}
		tab.Column("NO").Out, tab.Column("NAME").Out = dialect.OnlyOut, dialect.InOut
	}
	w := &dialect.Rowset{Shape: sh, Tab: tab, Key: []int{0}, Cols: []*dialect.Column{tab.Column("id"), tab.Column("Name")}}
	for i := range 3 {
		w.Rows = append(w.Rows, dialect.Row{Item: i, Key: fmt.Sprint(i), Args: []any{int64(i), "x"}})
	}
	fmt.Fprintf(b, "-- op %d returning %v\n", op, back)
	stmts, err := w.Statements(d)
	if op == connectors.ReplaceChildren {
		stmts = append(dialect.Deletes(d, w, map[string]bool{}), stmts...)
	}
	if err != nil {
		fmt.Fprintf(b, "error %v\n", err)
		return
	}
	for _, st := range stmts {
		fmt.Fprintf(b, "%s; -- %d args, item %d\n", st.SQL, len(st.Args), st.Item)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Fatalf("%s differs:\n%s", path, got)
	}
}

// TestConnectionStrings has nothing said nothing of a DSN that is wrong: it may hold the password.
func TestConnectionStrings(t *testing.T) {
	for _, typ := range []string{"mariadb", "oracle", "postgres"} {
		for _, d := range Targets() {
			if d.Type == typ {
				cfg := d.Defaults().(*dialect.Config)
				cfg.DSN = "::bad password=hunter2 \x7f"
				if _, err := d.Target(connectors.Env{Clock: newClock()}, cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: %v", typ, err)
				}
			}
		}
	}
}
