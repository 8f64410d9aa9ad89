package examples

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/setup"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/cases"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/servers"
)

// realCase is a form that exists, in a mapping file alone: written to the tables of an office, the forms of the example itself and those
// that others wrote.
type realCase struct {
	dir, tables, target, mapping string
	schema, schemaOfTheirs       string   // of the example, and the one in its place that the form's authors wrote
	odd                          []string // what is known to be odd in it
	own, theirs                  written
}

// written are forms, and what queries say once all of them are written.
type written struct {
	forms []string
	rows  map[string]string
}

var realCases = map[string]realCase{
	"caregivers": {
		dir: "benefits", tables: "benefits/tables.postgres.sql", target: "register", mapping: "caregivers",
		schema: "caregivers.schema.json", schemaOfTheirs: "benefits-us/10-10CG.schema.json",
		own: written{[]string{"forms/caregivers.json", "forms/caregivers-agent.json"}, map[string]string{
			"select count(*) from CG_APPLICATION": "2", "select count(*) from CG_CERTIFIED": "21",
			"select string_agg(ROLE || RELATION, ' ' order by ROLE, RELATION) from CG_CAREGIVER": "PCH PCH SFR TFR",
			"select BORN_AS_SAID from CG_APPLICATION where BORN is null":                         "1949-XX-XX",
		}},
		theirs: written{[]string{"benefits-us/10-10CG.json"}, map[string]string{
			"select string_agg(ROLE || RELATION || ZIP || coalesce(ZIP_MORE, '-'), ' ' order by ROLE) from CG_CAREGIVER": "PSP33771- SFR337711234",
			"select string_agg(ROLE || CODE, ' ' order by ROLE, LINE_NO) from CG_CERTIFIED":                              "PTRUE PADULT PFAM PWORK PREVOK PNOJOB STRUE SADULT SNOFAM SLIVES SWORK SREVOK SNOJOB VTRUE VCONS",
		}},
	},
	"attendance": {
		dir: "benefits", tables: "benefits/tables.postgres.sql", target: "register", mapping: "attendance",
		schema: "attendance.schema.json", schemaOfTheirs: "benefits-us/21-2680.schema.json",
		own: written{[]string{"forms/attendance.json", "forms/attendance-in.json"}, map[string]string{
			"select string_agg(RELATION, ' ') from AA_CLAIMANT":                 "CHILD",
			"select string_agg(ROLE || ZIP, ' ' order by ROLE) from AA_ADDRESS": "C55802 H55802",
			"select string_agg(HOSPITAL, '' order by HOSPITAL) from AA_REQUEST": "NY",
		}},
		theirs: written{[]string{"benefits-us/21-2680.json"}, map[string]string{
			"select BENEFIT || INITIAL || HOSPITAL || coalesce(IN_NAME, '-') from AA_REQUEST": "SMCAN-",
			"select LINE2 || ZIP || ZIP_MORE from AA_ADDRESS":                                 "Apt 4627011234",
		}},
	},
	"kitchen sink": {
		dir: "formio", tables: "formio/tables.postgres.sql", target: "register", mapping: "kitchen-sink",
		own: written{[]string{"forms/kitchen-sink.json"}, map[string]string{
			"select DAY || ' ' || CLOCK || ' ' || AMOUNT || CHECKED || PHONE from FIO_PAGE where EMAIL_2 is null": "2026-03-09 14:30:00 12.50Y2505550100",
			"select string_agg(NAME, ' ' order by NAME) from FIO_TICK":                                            "check1 check3",
		}},
		theirs: written{[]string{"formio-ca/kitchen_sink.submission.json"}, map[string]string{
			"select AT at time zone 'UTC' || TEXT_1 || IN_SET || CHOICES from FIO_PAGE": "2021-01-01 21:01:00abcdefg1select1",
		}},
	},
	"grids in grids": {
		dir: "formio", tables: "formio/tables.postgres.sql", target: "register", mapping: "fishing",
		own: written{[]string{"forms/fishing.json"}, map[string]string{
			"select string_agg(l.NAME || c.KIND, ' ' order by c.LINE_NO) from FISH_LAKE l join FISH_CAUGHT c using (LAKE_NO)": "Long Lakerainbow Long Lakeperch",
		}},
		theirs: written{[]string{"formio-ca/datagrid.submission.json"}, map[string]string{
			"select string_agg(CONFIRMATION || l.NAME || c.KIND, ' ' order by l.LINE_NO, c.LINE_NO) from FISH_ANGLER join FISH_LAKE l using (ANGLER_NO) join FISH_CAUGHT c using (LAKE_NO)": "B75F4403Chadrainbow B75F4403Chadcutthroat B75F4403TaldollyVardon B75F4403TalsmallmouthBass",
		}},
	},
	"advanced": {
		dir: "formio", tables: "formio/tables.postgres.sql", target: "register", mapping: "advanced",
		own: written{[]string{"forms/advanced.json"}, map[string]string{
			"select encode(SIGNATURE, 'hex') || TICKS || TOTAL from FIO_DOSSIER":                                               "89504e470d0a1a0a10110",
			"select string_agg(o.ONE || n.ONE, ' ' order by n.NODE_NO) from FIO_NODE n join FIO_NODE o on n.ABOVE = o.NODE_NO": "trunkleft trunkright righttwig",
		}},
		theirs: written{[]string{"formio-ca/advanced.submission.json"}, map[string]string{
			"select encode(substring(SIGNATURE for 8), 'hex') || (length(SIGNATURE) > 900) from FIO_DOSSIER": "89504e470d0a1a0atrue",
			"select string_agg(GRID || ONE || TWO, ' ' order by GRID, LINE_NO) from FIO_ROW":                 "Ddgtext1dgtext11 Ddgtext2dgtext22 Exyz1abc1 Exyz2abc2 Pdgpanel1dgpanel11 Pdgpanel2dgpanel22",
		}},
	},
	"gov.uk-forms": {
		dir: "shapes", tables: "shapes/tables.postgres.sql", target: "register", mapping: "gov-uk-forms",
		own: written{[]string{"forms/gov-uk-forms.json"}, map[string]string{
			"select string_agg(l.REFERENCE || k.NO || k.LAST, ' ' order by k.NO) from LICENCE l join KEEPER k using (REFERENCE)": "7K2M9QX11Kaya 7K2M9QX12Brown",
		}},
	},
	"open-forms": {
		dir: "shapes", tables: "shapes/tables.postgres.sql", target: "register", mapping: "open-forms",
		own: written{[]string{"forms/open-forms.json"}, map[string]string{"select REFERENCE || MOVES || FILE_NAME || (length(LEASE) > 0) from NOTICE": "OF-8QX22026-04-01lease.pdftrue"}},
	},
	"fhir": {
		dir: "shapes", tables: "shapes/tables.postgres.sql", target: "register", mapping: "fhir",
		own: written{[]string{"forms/fhir.json"}, map[string]string{"select NAME || BORN || SMOKES || A_DAY || ALLERGIES from INTAKE": "Ada Kaya1981-01-27Y5nuts, milk"}},
	},
	"pension": {
		dir: root + "/pension/mappings", tables: root + "/pension/sql/claims.postgres.sql", target: "claims", mapping: "pension",
		schema: "pension.schema.json", schemaOfTheirs: "benefits-us/21P-527EZ-KITCHEN_SINK.schema.json", odd: []string{`the keyword "enumNames"`},
		own: written{[]string{"samples/typical.json", "samples/married.json"}, map[string]string{
			"select string_agg(MARITAL || MONTHLY_INCOME, ' ' order by MARITAL) from CLAIM": "M0.00 W1310.30",
			"select count(*) from DEPENDENT":                                                "2", "select count(*) from MARRIAGE": "2",
		}},
		theirs: written{[]string{"benefits-us/21P-527EZ-SIMPLE.json", "benefits-us/21P-527EZ-KITCHEN_SINK.json"}, map[string]string{
			"select string_agg(MARITAL || MONTHLY_INCOME, ' ' order by MARITAL) from CLAIM": "N0.00 S3914.29",
			"select count(*) from DEPENDENT":                                                "3", "select count(*) from MARRIAGE": "3",
		}},
	},
}

// TestRealCases loads every mapping that is an example of a real form, without a warning, and runs its own cases.
func TestRealCases(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("*/*.yaml")
	for _, name := range names {
		if filepath.Dir(name) == "testdata" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := os.DirFS(filepath.Dir(name))
			p, err := load.Mapping(fsys, filepath.Base(name), nil)
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			if w := p.Warnings(); len(w) > 0 {
				t.Errorf("%v", w)
			}
			results := cases.Run(p, fsys)
			if len(results) < 2 {
				t.Errorf("only %d cases", len(results))
			}
			for _, r := range results {
				if !r.OK {
					t.Errorf("%s: %v", r.Name, r.Diffs)
				}
			}
		})
	}
}

// TestRealSamples maps what others filled in: every field is used or left on purpose, and a signature is a picture.
func TestRealSamples(t *testing.T) {
	t.Parallel()
	for name, c := range realCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, name := range c.theirs.forms {
				raw, dir := sample(t, name), t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
					t.Fatal(err)
				}
				if c.schema != "" {
					write(t, filepath.Join(dir, c.schema), sample(t, c.schemaOfTheirs))
				}
				m := mapped(t, dir, c.mapping, raw)
				if len(m.Unknown) > 0 || len(m.Deliveries[0].Records) == 0 {
					t.Errorf("%s: unknown fields %v, %d records", name, m.Unknown, len(m.Deliveries[0].Records))
				}
				first := m.Deliveries[0].Records[0]
				if i := slices.Index(first.Shape.Fields, "SIGNATURE"); i >= 0 {
					r, err := first.Values[i].Blob.Open()
					if err != nil {
						t.Fatal(err)
					}
					if picture, err := io.ReadAll(r); err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG\r\n")) {
						t.Errorf("the signature is no picture: %v", err)
					}
				}
			}
		})
	}
}

// mapped is what a mapping makes of a form that keeps its schema.
func mapped(t *testing.T, dir, name string, raw []byte) *mapping.Mapped {
	t.Helper()
	p, err := load.Mapping(os.DirFS(dir), name+".yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	form, err := p.Decode(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	if bad := p.Validate(form); bad != nil {
		t.Fatal(bad)
	}
	m, err := p.Map(form, mapping.Input{ID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRealCasesOnPostgreSQL compares each case with its tables, has an agent write the forms, and looks at the rows.
func TestRealCasesOnPostgreSQL(t *testing.T) {
	for name, c := range realCases {
		t.Run(name, func(t *testing.T) {
			c.writes(t, c.own, "", func(name string) []byte {
				b, err := os.ReadFile(filepath.Join(c.dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return b
			})
		})
		if len(c.theirs.forms) == 0 {
			continue
		}
		t.Run(name+" as others fill it in", func(t *testing.T) {
			c.writes(t, c.theirs, c.schemaOfTheirs, func(name string) []byte { return sample(t, name) })
		})
	}
}

// writes has an agent write forms, by another schema than the example's where one is named.
func (c realCase) writes(t *testing.T, w written, schema string, read func(string) []byte) {
	t.Helper()
	var forms [][]byte
	for _, name := range w.forms {
		forms = append(forms, read(name))
	}
	dir, db := newOffice(t, c)
	if schema != "" {
		write(t, filepath.Join(dir, c.schema), read(schema))
	}
	for i, form := range forms {
		write(t, filepath.Join(dir, fmt.Sprintf("in/%d.json", i)), form)
	}
	config := filepath.Join(dir, "inbasket.yaml")
	if proved := checkConnect(t, config, append(c.odd, "not proved")...); !proved && schema == "" && strings.Contains(c.dir, "benefits") {
		t.Error("it is not proved")
	}
	runAgent(t, config, nil)
	until(t, "the forms", func() bool { return ask(db, "select count(*) from INBASKET_LEDGER") == fmt.Sprint(len(forms)) })
	for query, want := range w.rows {
		if have := ask(db, query); have != want {
			t.Errorf("%s: %s, want %s", query, have, want)
		}
	}
}

// ask returns what a query says, or its error.
func ask(db *sql.DB, query string) string {
	var got sql.NullString
	if err := db.QueryRow(query).Scan(&got); err != nil {
		return err.Error()
	}
	return got.String
}

// newOffice copies a case into a folder with a configuration, and makes its tables.
func newOffice(t *testing.T, c realCase) (dir string, db *sql.DB) {
	dsn, dir := servers.PostgreSQL(t), t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o750); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ddl, err := os.ReadFile(c.tables)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(ddl)); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	write(t, filepath.Join(dir, "password"), []byte(password))
	text := fmt.Sprintf("agency: A\nstate: ./state\nmonitor: off\ninbaskets: {in: {folder: {path: ./in, match: '*.json', quiet: 0s, after: {move: done}}}}\n"+
		"targets: {%s: {postgres: {host: %s, port: %s, database: %s, user: %s, password: '${file:password}', create-ledger: true, tls: {mode: disable}}}}\nroutes: {%s: {from: in, mapping: %s.yaml}}\n",
		c.target, u.Hostname(), u.Port(), strings.TrimPrefix(u.Path, "/"), u.User.Username(), c.mapping, c.mapping)
	write(t, filepath.Join(dir, "inbasket.yaml"), []byte(text))
	return dir, db
}

// checkConnect runs inbasket check --connect, which must find nothing but what is known, and tells whether the mapping is proved. That a form of
// the schema would fail may be so where others wrote that.
func checkConnect(t *testing.T, config string, known ...string) (proved bool) {
	t.Helper()
	var said bytes.Buffer
	a := &cli.App{Config: config, JSON: true, Stdin: strings.NewReader(""), Stdout: &said, Stderr: &said, Getenv: func(string) string { return "" }, Version: "test"}
	for _, cmd := range setup.Commands(a) {
		if cmd.Name() != "check" {
			continue
		}
		cmd.SetArgs([]string{"--connect"})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(context.Background())
		var answer struct {
			OK                 bool
			Warnings, Problems diag.Problems
			Proofs             []struct{ Proved bool }
		}
		bad := json.Unmarshal(said.Bytes(), &answer)
		proved = len(answer.Proofs) > 0
		for _, p := range answer.Proofs {
			proved = proved && p.Proved
		}
		answer.Problems = slices.DeleteFunc(answer.Problems, func(p diag.Problem) bool { return p.Code == "mapping.refuted" }) // of a schema that others wrote
		if bad != nil || (err != nil || !answer.OK) && (len(answer.Proofs) == 0 || len(answer.Problems) > 0) {
			t.Errorf("%v %v\n%s", bad, err, &said)
		}
		for _, p := range answer.Warnings {
			if !slices.ContainsFunc(known, func(words string) bool { return strings.Contains(p.Message, words) }) {
				t.Errorf("%s:%d: %s", filepath.Base(p.File), p.Line, p.Message)
			}
		}
	}
	return proved
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
