package proofs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/prove"
)

// drawn makes mappings of one seed.
type drawn struct{ *rand.Rand }

func (d drawn) of(list ...string) string { return list[d.IntN(len(list))] }

func (d drawn) n() string { return d.of("1", "2", "5", "9", "10", "20", "40", "100") }

// columns are types of columns of each engine.
var columns = map[string][]string{
	"sqlite":   {"varchar(#)", "char(#)", "text", "integer", "smallint", "decimal(5,0)", "decimal(20,0)", "decimal(9,2)", "numeric(20,4)", "date", "timestamp", "boolean", "blob", "real"},
	"postgres": {"varchar(#)", "char(#)", "text", "integer", "smallint", "bigint", "decimal(5,0)", "decimal(20,0)", "decimal(9,2)", "numeric", "date", "timestamp", "timestamp(0)", "timestamptz", "timestamptz(3)", "boolean", "bytea", "double precision", "uuid", "name"},
	"mariadb": {"varchar(#)", "char(#)", "varchar(#) character set latin1", "varchar(#) character set ascii", "varchar(#) character set utf8mb3", "text", "tinytext", "tinytext character set latin1", "int", "tinyint", "smallint unsigned",
		"mediumint", "bigint", "bigint unsigned", "decimal(5,0)", "decimal(20,0)", "decimal(9,2)", "decimal(20,4) unsigned", "date", "datetime", "datetime(6)", "timestamp null", "boolean", "varbinary(#)", "enum('a','new','J','N')", "float", "year", "bit(8)"},
}

func (d drawn) schema() string {
	var fields, required []string
	for i := range 10 {
		s := d.of(`{"type":"string"}`, `{"type":"string","maxLength":#}`, `{"type":"string","minLength":1,"maxLength":#}`, `{"type":["string","null"],"maxLength":#}`, `{"type":"string","pattern":"^[A-Z]{0,5}$"}`,
			`{"type":"string","pattern":"^[0-9]{1,9}$"}`, `{"type":"string","pattern":"^[a-zäöüß ]{1,8}$"}`, `{"type":"string","format":"date"}`, `{"type":"string","format":"date-time"}`, `{"enum":["a","new","straße"]}`,
			`{"enum":["a","new",null]}`, `{"type":"integer"}`, `{"type":"integer","minimum":0,"maximum":99}`, `{"type":"integer","minimum":-40000,"maximum":40000}`, `{"type":"number"}`,
			`{"type":"number","minimum":0,"maximum":9999.99,"multipleOf":0.01}`, `{"type":"number","minimum":-5,"maximum":5}`, `{"type":"boolean"}`, `{}`, `{"type":["boolean","null"]}`, `{"enum":[1,2,2.5]}`,
			`{"type":"array","items":{"type":"string","maxLength":#},"maxItems":3}`)
		fields = append(fields, fmt.Sprintf(`"f%d":%s`, i, strings.ReplaceAll(s, "#", d.n())))
		if d.IntN(2) == 0 {
			required = append(required, fmt.Sprintf(`"f%d"`, i))
		}
	}
	return `{"type":"object","required":[` + strings.Join(required, ",") + `],"properties":{` + strings.Join(fields, ",") + `}}`
}

func (d drawn) expression() string {
	x := d.of("@", "@", "@", "@ | trim()", "@ | upper()", "@ | lower()", "@ | normalizeSpace()", "@ | letters()", "@ | digits()", "@ | substring(0, #)", "@ | substring(1, #)", `@ | padLeft(#, "0")`, `@ | padRight(#)`,
		`concat(@, " ", @)`, `concat(@, @)`, "@ ?? @", `@ ?? "a"`, "@ ?? nil", "@ ?? 0", `@ == nil ? "a" : "new"`, "@ == nil ? @ : @", "@ + 1", "@ + @", "@ - @", `"x" + @`, "@ | text()", "@ | decimal()", "@ | integer()", "@ | round(2)",
		"@ | abs()", "@ | year()", "@ | parseDate()", "@ | toDate()", `@ | formatDate("dd.MM.yyyy")`, `@ | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own")`, `@ | boolean()`, `@ | boolean() | yesNo("J", "N")`, "count(@)", "len(@)", "@ | first()", `@ | join(",")`, "submission.id",
		"submission.received", "submission.reference", "coalesce(@, @)", `@ | default("new")`, `@ | nullIf("a")`, `@ | nullIfEmpty()`, `@ | replace("a", "bbb")`, "@ | length()", "@ | cents()", "@ | addDays(3)", `@ | daysTo("2026-01-01")`, `@ | lookup("t")`, `@ | lookup("t", "J")`,
		`"ä"`, "1", "12.5", "nil", "true", `"2026-01-31"`)
	for strings.Contains(x, "@") {
		x = strings.Replace(x, "@", fmt.Sprintf("form.f%d", d.IntN(10)), 1)
	}
	return strings.ReplaceAll(x, "#", d.n())
}

// field is an expression with settings.
func (d drawn) field() string {
	f := "{value: '" + strings.ReplaceAll(d.expression(), "'", "''") + "'"
	f += strings.ReplaceAll(d.of("", "", ", type: text", ", type: text(#)", ", type: text(#), overflow: cut", ", type: text(# bytes)", ", type: integer", ", type: integer(4)", `, type: "decimal(9,2)"`, `, type: "decimal(9,2)", round: half-up`, ", type: decimal",
		", type: boolean", ", type: date", ", type: datetime", ", type: datetime, precision: 0", ", type: binary", ", charset: iso-8859-1", ", type: text(#), charset: windows-1252, unmappable: {replace: '?'}", ", charset: us-ascii"), "#", d.n())
	f += d.of("", "", "", ", onMissing: error", ", onMissing: null", ", onMissing: empty")
	f += d.of("", "", "", ", onNull: omit", ", onNull: error", ", onNull: empty")
	f += d.of("", "", "", "", ", onEmpty: null", ", onEmpty: error")
	f += d.of("", "", "", "", ", default: '\"a\"'", ", default: '0'")
	return f + "}"
}

const head = "mapping: m\nversion: 1\nnothing: allow\ninput: {format: json, schema: s.json, unused: allow}\nlookups: {t: {values: {a: J, new: N, \"1\": Ä}}}\nwrite:\n"

func (d drawn) write(i int) string {
	w := fmt.Sprintf("  - {as: w%d, to: legacy, table: T%d, ", i, i)
	if d.IntN(5) == 0 {
		w += "when: '" + strings.Replace(d.of("@ != nil", "@ == nil", "not isMissing(@)"), "@", fmt.Sprintf("form.f%d", d.IntN(10)), 1) + "', "
	}
	return w + "fields: {C: " + d.field() + "}}\n"
}

// TestDrawnWorlds proves columns of mappings that are drawn, and writes forms to those that were proved: none may fail.
func TestDrawnWorlds(t *testing.T) {
	count := 6
	if n, err := strconv.Atoi(os.Getenv("WORLDS")); err == nil {
		count = n
	}
	first, _ := strconv.Atoi(os.Getenv("FIRST"))
	for seed := first; seed < first+count; seed++ {
		for _, e := range engines {
			t.Run(fmt.Sprintf("%d/%s", seed, e.typ), func(t *testing.T) {
				d := drawn{rand.New(rand.NewPCG(uint64(seed), 7))}
				schema := d.schema()
				open := func(writes string) (*mapping.Plan, error) {
					return load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(head + writes)}, "s.json": {Data: []byte(schema)}}, "m.yaml", nil)
				}
				ddl, writes := "", []string{}
				for len(writes) < 60 {
					w := d.write(len(writes))
					if _, err := open(w); err != nil {
						continue
					}
					types := columns[e.typ]
					ddl += fmt.Sprintf("create table T%d (C %s %s %s);\n", len(writes), strings.ReplaceAll(types[d.IntN(len(types))], "#", d.n()), d.of("", "", "not null"), "")
					writes = append(writes, w)
				}
				target := e.open(t, ddl, d.of("UTC", "Europe/Berlin"))
				plan, err := open(strings.Join(writes, ""))
				must(t, err)
				var kept []string
				var plans []*mapping.Plan
				facts, err := target.(knower).Facts(t.Context(), prove.Tables(plan, "legacy"))
				must(t, err)
				for _, w := range writes {
					one, err := open(w)
					must(t, err)
					p := prove.Prove(one, "legacy", facts, time.Now)
					if p.Proved {
						kept, plans = append(kept, w), append(plans, one)
					}
					if p.Counter != nil {
						if len(p.Open) == 0 {
							t.Errorf("bounds say that it is proved, and a form fails:\n%s\n%s\n%s", w, schema, told(p))
						}
						counters(t, one, target, p, w)
					}
				}
				_, mapped, failures := writeAll(t, "legacy", target, []byte(schema), uint64(seed), false, plans...)
				t.Logf("%d of %d writes are proved; %d forms", len(kept), len(writes), mapped)
				if len(failures) > 0 {
					t.Errorf("proved, and yet:\n%s\n%s\n%s\n%s", strings.Join(failures[:1], "\n"), strings.Join(kept, ""), schema, ddl)
				}
			})
		}
	}
}
