package author

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the databases that mappings are made for

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/prove"
	"github.com/inbasket/inbasket/mapping/source"
)

const sampled = "../../../../shared/samples/"

// sqlTypes are what SQLite calls columns of the values that a mapping gives.
var sqlTypes = map[connectors.Kind]string{connectors.Text: "VARCHAR(9000)", connectors.Integer: "INTEGER", connectors.Decimal: "DECIMAL(12,2)",
	connectors.Boolean: "BOOLEAN", connectors.Date: "DATE", connectors.DateTime: "DATETIME", connectors.Binary: "BLOB"}

// quoted is a name of SQL.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// ddlOf makes the tables that a mapping writes to.
func ddlOf(t *testing.T, path string) (ddl []string) {
	t.Helper()
	plan, err := loadMapping(path)
	if err != nil {
		t.Fatal(err)
	}
	work, _ := plan.Work("register")
	for i, w := range work.Writes {
		name := w.Shape.Object
		if i == 0 {
			name = "MAIN"
		}
		var columns []string
		for j, c := range w.Shape.Fields {
			typ := sqlTypes[w.Contents[j].Kind]
			if typ == "" {
				typ = "VARCHAR(9000)"
			}
			columns = append(columns, quoted(c)+" "+typ)
		}
		ddl = append(ddl, fmt.Sprintf("CREATE TABLE %s (%s)", quoted(name), strings.Join(columns, ", ")),
			fmt.Sprintf("CREATE TABLE %s (%s)", quoted(w.Shape.Object), strings.Join(columns, ", ")))
	}
	return ddl
}

// withTables makes a configuration whose target has the tables.
func withTables(t *testing.T, dir, mapping string, ddl ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "r.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range ddl {
		if _, err := db.Exec(s); err != nil && !strings.Contains(err.Error(), "already exists") {
			t.Fatalf("%s: %v", s, err)
		}
	}
	cfg := "agency: A\nstate: ./state\ninbaskets: {in: {folder: {path: ./in, quiet: 1s, after: {move: done}}}}\n" +
		"targets: {register: {sqlite: {path: r.db, create-ledger: true}}}\nroutes: {r: {from: in, mapping: " + mapping + "}}\n"
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "inbasket.yaml"), []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
}

// passes has check --connect, test and try take a mapping; proofs are not asked for.
func passes(t *testing.T, path string, forms ...string) {
	t.Helper()
	a, out := appOf("")
	a.Config = filepath.Join(filepath.Dir(path), "inbasket.yaml")
	a.JSON = true
	err := runCheck(t.Context(), a, true, false)
	var found checked
	if json.Unmarshal([]byte(out.String()), &found) == nil { // that a form of the schema may be too long is no fault of the sketch
		found.Problems = slices.DeleteFunc(found.Problems, func(p diag.Problem) bool { return p.Code == prove.CodeRefuted })
	}
	if err != nil && (len(found.Targets) == 0 || len(found.Problems) > 0 || found.unreachable() > 0) {
		b, _ := os.ReadFile(path)
		t.Fatalf("check: %v\n%s\n%s", err, out, b)
	}
	a, out = appOf("")
	if err := (trials{clock: &steps{}}).run(a, []string{path}); err != nil {
		b, _ := os.ReadFile(path)
		t.Fatalf("test: %v\n%s\n%s", err, out, b)
	}
	for _, f := range forms {
		if tried, err := try(a, path, f, 0, nil); err != nil || tried.parked != nil || tried.errors != nil || len(tried.mapped.Deliveries) == 0 {
			t.Errorf("try %s: %v %+v", f, err, tried)
		}
	}
}

var (
	openColumn = regexp.MustCompile(`(?m)^( +)(\S+: +)TODO #.*$`)
	openNote   = regexp.MustCompile(`(?m)^ +# .*TODO .*\n`)
	openField  = regexp.MustCompile(`(?m)^  # (- .*) # TODO.*$`)
)

// finished is a mapping whose TODOs are gone: columns without a field get a constant, fields without a column are ignored.
func finished(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := openColumn.ReplaceAllString(string(b), `$1$2'"x"'`)
	text = openField.ReplaceAllString(text, "  $1")
	text = text[strings.Index(text, "mapping:"):]
	if text = openNote.ReplaceAllString(text, ""); strings.Contains(text, "TODO") {
		t.Fatalf("what is left to do has another form:\n%s", text)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNewMappingOfSamples makes mappings of real forms and their schemas, first without tables and then for tables like those that the
// first one writes to: what is written passes check against them, its own tests and try, once its TODOs are gone.
func TestNewMappingOfSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, as, schema string
		forms            []string
	}{
		{"caregivers", "10-10CG_x.yaml", "", []string{"benefits-us/10-10CG.json"}},
		{"caregivers by schema", "10-10CG.yaml", "benefits-us/10-10CG.schema.json", []string{"benefits-us/10-10CG.json"}},
		{"aid", "21-2680.yaml", "", []string{"benefits-us/21-2680.json"}},
		{"aid by schema", "21-2680.yaml", "benefits-us/21-2680.schema.json", []string{"benefits-us/21-2680.json"}},
		{"pensions", "pension.yaml", "", []string{"benefits-us/21P-527EZ-KITCHEN_SINK.json", "benefits-us/21P-527EZ-SIMPLE.json"}},
		{"pensions by schema", "pension.yaml", "benefits-us/21P-527EZ-KITCHEN_SINK.schema.json", []string{"benefits-us/21P-527EZ-KITCHEN_SINK.json", "benefits-us/21P-527EZ-SIMPLE.json"}},
		{"pension by its schema alone", "pension.yaml", "benefits-us/21P-527EZ-SIMPLE.schema.json", nil},
		{"trees and grids", "advanced.yaml", "", []string{"formio-ca/advanced.submission.json"}},
		{"a list of forms", "Datagrid 1.yaml", "", []string{"formio-ca/datagrid.submission.json"}},
		{"all widgets", "kitchen_sink.yaml", "", []string{"formio-ca/kitchen_sink.submission.json"}},
		{"a form's own definition", "definition.yaml", "", []string{"formio-ca/kitchen_sink.form.json"}},
		{"answers as a list, by schema", "govuk.yaml", "govuk-forms/submission.schema.json", nil},
		{"property tax", "grundsteuer.yaml", "", []string{"property-tax-de/submission.json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			n := sketched{path: filepath.Join(dir, c.as), target: "register"}
			bring := func(name string) string {
				b, err := os.ReadFile(sampled + name)
				if err != nil {
					if os.Getenv("CI") == "true" {
						t.Fatal(err)
					}
					t.Skip("run beside the shared samples")
				}
				to := filepath.Join(dir, filepath.Base(name))
				if err := os.WriteFile(to, b, 0o600); err != nil {
					t.Fatal(err)
				}
				return to
			}
			for _, f := range c.forms {
				n.forms = append(n.forms, bring(f))
			}
			if c.schema != "" {
				n.schema = bring(c.schema)
			}
			a, _ := appOf("")
			if err := newMapping(t.Context(), a, n); err != nil {
				t.Fatal(err)
			}
			if made, err := os.ReadFile(n.path); err != nil {
				t.Fatal(err)
			} else if again, problems := source.Format(n.path, made); len(problems) > 0 || string(again) != string(made) {
				t.Errorf("it is not in order: %v\n%s", problems, again)
			}
			finished(t, n.path)
			ddl := ddlOf(t, n.path)
			withTables(t, dir, c.as, ddl...)
			passes(t, n.path, n.forms...)

			a.Config, n.path, n.connect, n.tables = filepath.Join(dir, "inbasket.yaml"), filepath.Join(dir, "again.yaml"), true, []string{"MAIN"}
			if err := newMapping(t.Context(), a, n); err != nil {
				t.Fatal(err)
			}
			finished(t, n.path)
			withTables(t, dir, "again.yaml")
			passes(t, n.path, n.forms...)
		})
	}
}

// TestNewMappingRefuses says what is missing before anything is written.
func TestNewMappingRefuses(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	form, schema := filepath.Join(dir, "f.json"), filepath.Join(elsewhere, "s.json")
	for path, text := range map[string]string{form: `{"surname": "x"}`, schema: `{"type": "object", "properties": {"a": {"type": "string"}}}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	withTables(t, dir, "m.yaml", "CREATE TABLE PERSON (SURNAME TEXT)")
	for _, c := range []struct {
		name, says string
		n          sketched
	}{
		{"a schema that lies elsewhere", "copy it there", sketched{schema: schema}},
		{"no such target", `there is no target "registr"; did you mean "register"?`, sketched{forms: []string{form}, target: "registr", connect: true}},
		{"no such table", `no table PERSONS that its account may see; name one by --table. did you mean "PERSON"?`, sketched{forms: []string{form}, target: "register", connect: true, tables: []string{"PERSONS"}}},
		{"no such table of a list", "no table NONE", sketched{forms: []string{form}, target: "register", connect: true, tables: []string{"PERSON", "x=NONE"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, _ := appOf("")
			a.Config, c.n.path = filepath.Join(dir, "inbasket.yaml"), filepath.Join(dir, "new.yaml")
			err := newMapping(t.Context(), a, c.n)
			if f := cli.FaultOf(orNone(err)); f.Exit != cli.ExitUsage || !strings.Contains(f.Message, c.says) {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(c.n.path); err == nil {
				t.Error("something was written")
			}
		})
	}
}
