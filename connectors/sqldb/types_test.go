package sqldb

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// typed is one type of one system, with values that are tried on it.
type typed struct {
	decl   string
	values []connectors.Value
	show   string // how its content is read as a text; empty: the system's usual way
	tail   string // of the table
}

func texts(all ...string) (vs []connectors.Value) {
	for _, s := range all {
		vs = append(vs, text(s))
	}
	return vs
}

func decimals(all ...string) (vs []connectors.Value) {
	for _, s := range all {
		vs = append(vs, decimal(s))
	}
	return vs
}

func moments(all ...string) (vs []connectors.Value) {
	for _, s := range all {
		vs = append(vs, dateTime(s))
	}
	return vs
}

func also(lists ...[]connectors.Value) (vs []connectors.Value) {
	for _, l := range lists {
		vs = append(vs, l...)
	}
	return vs
}

var (
	numbers   = also(decimals("2.55", "3.00", "1234567.55", "0.1"), texts("01067", "1E5", "7.50", "-0", "abc"), []connectors.Value{integer(300), integer(16777217), integer(1<<53 + 1)})
	instants  = also(moments("2026-12-31T23:59:59.678", "2026-12-31T23:59:59", "2026-12-31T23:59:59.1234567"), []connectors.Value{date("2026-12-31"), integer(20261231)}, texts("2026-12-31", "31.12.2026", "20261231", "now", "2026-12-31 23:59:59", "2026-12-31 23:59:60", "0000-00-00", "infinity"))
	wordings  = also(texts("ab", "ab ", "  ab", "abcde", "abcde ", "abcdef", "Łódź", "🏛", ""), []connectors.Value{integer(12), decimal("1.50"), date("2026-12-31")})
	clocks    = also(texts("23:59:59", "23:59:60", "23:59", "23:59:59.678", "1112", "12", "now"), moments("2026-12-31T12:00:00"))
	documents = texts(`{"b": 1, "a": 1.50}`, `{"a": 1, "a": 2}`, `{"n": 12345678901234567890.5}`, `[1, 2`, `null`)
	bytesOf   = []connectors.Value{bin("ab"), bin("abcde"), bin("abcdef"), text("ab"), text("abcde")}
)

// The least numbers that are not zero have fewer digits than others.
var least32, least64 = "0." + strings.Repeat("0", 44) + "1", "0." + strings.Repeat("0", 323) + "5"

func bin(s string) connectors.Value {
	b := connectors.BytesBlob([]byte(s))
	return connectors.Value{Kind: connectors.Binary, Blob: &b}
}

var postgresTypes = []typed{
	{decl: "smallint", values: numbers}, {decl: "integer", values: numbers}, {decl: "bigint", values: numbers},
	{decl: "numeric(9,1)", values: numbers}, {decl: "numeric", values: numbers}, {decl: "numeric(5,-2)", values: also(numbers, decimals("300", "310"))},
	{decl: "real", values: also(numbers, decimals(least32))}, {decl: "double precision", values: also(numbers, decimals("0.1234567890123456789", least64), texts("NaN", "Infinity"))},
	{decl: "money", values: also(decimals("2.55", "2.555"), texts("$5", "5"))},
	{decl: "d_amount", values: decimals("2.55", "2.5")}, {decl: "d_outer", values: decimals("2.55", "2.5")}, {decl: "d_code", values: wordings},
	{decl: "char(5)", values: wordings}, {decl: "varchar(5)", values: wordings}, {decl: "text", values: wordings}, {decl: "name", values: texts("ab", strings.Repeat("x", 64))},
	{decl: `"char"`, values: texts("a", "ab", "ü")}, {decl: "citext_like", values: texts("Ab")},
	{decl: "boolean", values: also(texts("true", "yes", "J"), []connectors.Value{{Kind: connectors.Boolean, Int: 1}, integer(1), integer(2), decimal("1.0")})},
	{decl: "date", values: instants}, {decl: "timestamp(0)", values: instants}, {decl: "timestamp(3)", values: instants}, {decl: "timestamp", values: instants},
	{decl: "timestamptz(0)", values: also(moments("2026-12-31T23:59:59.678Z", "2026-12-31T23:59:59Z"), texts("now"))},
	{decl: "time(0)", values: clocks}, {decl: "timetz(0)", values: also(clocks, texts("23:59:59+01", "23:59:59Z", "23:59:60+01", "23:59:59.5+01"))},
	{decl: "interval", values: texts("1 day", "01:00:00", "P1D", "1.5 days")}, {decl: "interval(0)", values: texts("00:00:01", "00:00:01.5")},
	{decl: "bytea", values: bytesOf}, {decl: "uuid", values: texts("6f1e9a0e-0000-4000-8000-00000000000a", "6F1E9A0E00004000800000000000000A", "x")},
	{decl: "json", values: documents}, {decl: "jsonb", values: documents}, {decl: "xml", values: texts("<a/>", `<?xml version="1.0" encoding="latin1"?><a/>`)},
	{decl: "inet", values: texts("10.1.2.3", "10.1.2.3/24", "2001:db8::1", "10.1.2.03", "x"), show: "abbrev(V)"}, {decl: "cidr", values: texts("10.1.2.0/24", "10.1.2.3/24")},
	{decl: "macaddr", values: texts("08:00:2b:01:02:03", "08-00-2B-01-02-03")},
	{decl: "bit(3)", values: also(texts("101", "10", "1011", "x5"), []connectors.Value{integer(5)})}, {decl: "bit varying(3)", values: texts("10", "1011")},
	{decl: "mood", values: also(texts("happy", "Happy", "happy "), []connectors.Value{integer(1)})},
	{decl: "numeric(9,1)[]", values: texts("{2.5}", "{2.55}")}, {decl: "varchar(2)[]", values: texts("{ab}", "{abc}")}, {decl: "int4range", values: texts("[1,5)", "[1,4]")},
	{decl: "tsvector", values: texts("'a' 'b'", "b a a")}, {decl: "point", values: texts("(1,2)", "(0.1234567890123456789,2)")}, {decl: "oid", values: texts("12", "012")},
	{decl: "pair", values: texts("(1,2.5)", "(1,2.55)")},
}

var mariaTypes = []typed{
	{decl: "tinyint", values: numbers}, {decl: "int", values: numbers}, {decl: "int unsigned", values: also(numbers, decimals("-1"))}, {decl: "bigint unsigned", values: also(numbers, decimals("18446744073709551615"))},
	{decl: "boolean", values: []connectors.Value{{Kind: connectors.Boolean, Int: 1}, integer(2), text("true")}},
	{decl: "decimal(9,1)", values: numbers}, {decl: "decimal(9,1) unsigned", values: decimals("-1.5", "1.5")}, {decl: "float", values: also(numbers, decimals(least32))}, {decl: "float(9,1)", values: numbers},
	{decl: "double", values: also(numbers, decimals("0.1234567890123456789", least64))}, {decl: "double(9,1)", values: numbers},
	{decl: "bit(8)", values: []connectors.Value{integer(5), text("5"), integer(300), decimal("5.5"), {Kind: connectors.Boolean, Int: 1}, integer(-1)}, show: "V+0"}, {decl: "bit(64)", values: []connectors.Value{integer(-1), text("-1"), decimal("-1"), integer(1<<63 - 1)}, show: "V+0"},
	{decl: "char(5)", values: wordings}, {decl: "varchar(5)", values: wordings}, {decl: "varchar(5) character set latin1", values: wordings}, {decl: "varchar(5) character set utf8mb3", values: wordings},
	{decl: "tinytext", values: also(wordings, texts(strings.Repeat("x", 255), strings.Repeat("ü", 200)))}, {decl: "text", values: wordings},
	{decl: "enum('happy','2','it''s')", values: also(texts("happy", "Happy", "happy ", "2", "3", "it's", "", "x"), []connectors.Value{integer(1), integer(2)})},
	{decl: "set('a','b','c')", values: also(texts("a", "a,b", "b,a", "a,a", "x", "", "3"), []connectors.Value{integer(3)})},
	{decl: "date", values: instants}, {decl: "datetime", values: instants}, {decl: "datetime(3)", values: instants}, {decl: "datetime(6)", values: instants},
	{decl: "timestamp null", values: also(moments("2026-12-31T23:59:59.678Z", "2026-12-31T23:59:59Z"), texts("now", "0000-00-00 00:00:00"))},
	{decl: "time", values: also(clocks, texts("-838:59:59", "838:59:59.5"))}, {decl: "time(3)", values: clocks},
	{decl: "year", values: also(texts("2026", "26", "5"), []connectors.Value{integer(2026), integer(5), date("2026-12-31")})},
	{decl: "year(2)", values: texts("2026", "1970", "2069", "1969", "2155"), show: "YEAR(MAKEDATE(V, 1))"},
	{decl: "binary(5)", values: bytesOf, show: "HEX(V)"}, {decl: "varbinary(5)", values: bytesOf, show: "HEX(V)"}, {decl: "blob", values: bytesOf, show: "HEX(V)"},
	{decl: "json", values: documents}, {decl: "uuid", values: texts("6f1e9a0e-0000-4000-8000-00000000000a", "x")},
	{decl: "inet6", values: texts("2001:db8::1", "2001:DB8:0:0::1", "x")}, {decl: "inet4", values: texts("10.1.2.3", "10.1.2.03")}, {decl: "point", values: texts("POINT(1 2)")},
}

var sqliteTypes = []typed{
	{decl: "INTEGER", values: numbers}, {decl: "DECIMAL(9,1)", values: numbers}, {decl: "NUMERIC", values: also(numbers, decimals("12345678901234567", "0.12345678901234567"))},
	{decl: "REAL", values: also(numbers, decimals(least64))}, {decl: "STRING", values: also(wordings, numbers)}, {decl: "", values: also(wordings, numbers)}, {decl: "VARCHAR(5)", values: wordings}, {decl: "TEXT", values: also(wordings, numbers)},
	{decl: "BOOLEAN", values: also(texts("true", "False", "1", "01", "maybe"), []connectors.Value{integer(7)}, []connectors.Value{{Kind: connectors.Boolean, Int: 1}})}, {decl: "DATE", values: also(instants, texts("2026-02-30"))},
	{decl: "DATETIME", values: also(instants, texts("2026-02-30", "2026-01-01T25:00:00"))}, {decl: "POINT", values: texts("01", "a")}, {decl: "FLOATING POINT", values: texts("01", "a")}, {decl: "MONEY", values: also(decimals("1.50", "1.12345678901234567"), texts("1.50", "$1"))},
	{decl: "BLOB", values: bytesOf, show: "HEX(V)"}, {decl: "JSON", values: documents}, {decl: "UUID", values: texts("12345678", "00000001", "6f1e9a0e-0000-4000-8000-00000000000a", "1e5")},
	{decl: "INT", values: numbers, tail: " STRICT"}, {decl: "ANY", values: texts("01067", "1E5"), tail: " STRICT"}, {decl: "ANY", values: texts("01067", "1E5")}, {decl: "TEXT", values: wordings, tail: " STRICT"},
}

// TestTypes writes every value into a column of every type, on the real systems, and compares what stands there with what
// was sent: exactly or not at all. The table in docs is made of its answers; -update writes it anew.
func TestTypes(t *testing.T) {
	var b strings.Builder
	b.WriteString(typesHead)
	for _, x := range []struct {
		title, show string
		fresh       func(testing.TB) engine
		types       []typed
		before      []string
	}{
		{"PostgreSQL", "V::text", postgresEngine, postgresTypes, []string{"CREATE DOMAIN d_amount AS numeric(9,1)", "CREATE DOMAIN d_outer AS d_amount", "CREATE DOMAIN d_code AS varchar(5)",
			"CREATE DOMAIN citext_like AS text", "CREATE TYPE mood AS ENUM ('happy', 'sad')", "CREATE TYPE pair AS (a int, b numeric(9,1))"}},
		{"MariaDB", "CAST(V AS CHAR)", mariaEngine, mariaTypes, nil},
		{"SQLite", "CAST(V AS TEXT)", func(t testing.TB) engine {
			return engine{"sqlite", dialect.Config{Path: emptyFile(t, "types.db")}, nil}
		}, sqliteTypes, nil},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| type | value | answer |\n| --- | --- | --- |\n", x.title)
		tg := x.fresh(t).open(t, nil)
		exec(t, tg, x.before...)
		for i, typ := range x.types {
			if typ.show == "" {
				typ.show = x.show
			}
			tryType(t, &b, tg, fmt.Sprintf("T%d", i), typ)
		}
	}
	path := "../../docs/connectors/types.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || b.String() != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("%s is not what the servers answer; write it anew: go test ./connectors/sqldb -run TestTypes -update (%v)", path, err)
	}
}

func tryType(t *testing.T, b *strings.Builder, tg *Target, name string, typ typed) {
	t.Helper()
	exec(t, tg, "CREATE TABLE "+name+" (K integer, V "+typ.decl+")"+typ.tail)
	shape := &connectors.Shape{Write: "w", Object: name, Op: connectors.Insert, Fields: []string{"K", "V"}}
	decl := strings.TrimSpace(typ.decl + strings.ToLower(typ.tail))
	if decl == "" {
		decl = "(no type)"
	}
	for i, v := range typ.values {
		key := fmt.Sprintf("%s-%d", name, i)
		o := deliver(t, tg, connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{{Shape: shape, Values: []connectors.Value{integer(int64(i)), v}}}})[key]
		answer := o.Code
		switch o.Class {
		case connectors.Written:
			got := query(t, tg, fmt.Sprintf("SELECT %s FROM %s WHERE K = %d", typ.show, name, i))
			if len(got) != 1 {
				t.Fatalf("%s: %d rows", decl, len(got))
			}
			if !means(v, got[0]) {
				t.Errorf("%s: %s became %q", decl, shownValue(v), got[0])
			}
			answer = "`" + got[0] + "`"
		case connectors.ItemError:
		default:
			t.Fatalf("%s: %s: %s %s (%s)", decl, shownValue(v), o.Class, o.Text, o.Raw)
		}
		if len(answer) > 80 {
			answer = fmt.Sprintf("the same %d bytes", len(answer)-2)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", decl, shownValue(v), strings.ReplaceAll(strings.ReplaceAll(answer, "``", "the empty text"), "|", `\|`))
	}
}

func shownValue(v connectors.Value) string {
	word := map[connectors.Kind]string{connectors.Text: "text", connectors.Integer: "integer", connectors.Decimal: "decimal", connectors.Boolean: "boolean",
		connectors.Date: "date", connectors.DateTime: "datetime", connectors.Binary: "binary"}[v.Kind]
	s, _ := dialect.PlainText(v)
	if v.Kind == connectors.Binary {
		raw, _ := dialect.ReadBlob(v.Blob)
		s = string(raw)
	}
	if len(s) > 40 {
		return fmt.Sprintf("%s of %d characters", word, len([]rune(s)))
	}
	if s == "" {
		return "the empty text"
	}
	return word + " `" + strings.ReplaceAll(s, "|", `\|`) + "`"
}

// means reports whether a column's content still says what was sent. It knows nothing of columns.
func means(v connectors.Value, got string) bool {
	sent, _ := dialect.PlainText(v)
	if v.Kind == connectors.Binary {
		raw, _ := dialect.ReadBlob(v.Blob)
		return strings.EqualFold(strings.TrimPrefix(got, `\x`), fmt.Sprintf("%x", raw))
	}
	if sent == got || strings.TrimRight(got, " ") == sent || strings.EqualFold(strings.TrimPrefix(got, `\x`), fmt.Sprintf("%x", sent)) {
		return true
	}
	a, okA := new(big.Rat).SetString(sent)
	number := strings.NewReplacer("$", "", ",", "").Replace(got)
	if c, okC := new(big.Rat).SetString(number); okA && okC && !strings.ContainsAny(sent, "eE") {
		zeros := v.Kind == connectors.Text && (strings.HasPrefix(strings.TrimPrefix(sent, "-"), "0") && !strings.Contains(sent, "."))
		return a.Cmp(c) == 0 && !zeros
	}
	if x, y := readMoment(sent), readMoment(got); x != "" && x == y {
		return true
	}
	if v.Kind == connectors.Boolean || sent == "true" || sent == "yes" || sent == "1" {
		return got == "1" || got == "true"
	}
	if sent == "False" {
		return got == "0"
	}
	var m, n any
	if strings.Count(sent, `"a"`) == 1 && json.Unmarshal([]byte(sent), &m) == nil && json.Unmarshal([]byte(got), &n) == nil && reflect.DeepEqual(m, n) {
		return true
	}
	plain := strings.NewReplacer("-", "", ":", "", "0", "").Replace // UUIDs and addresses in another notation
	if strings.EqualFold(plain(sent), plain(got)) && (len(sent) >= 32 || strings.Count(sent, ":") > 1 && !strings.Contains(sent, ".")) {
		return true
	}
	return strings.Contains(sent, ",") && len(sent) == len(got) && strings.Trim(got, sent) == "" && !strings.ContainsAny(sent, "[{(")
}

// MomentOf brings dates and times into one notation; empty: it is none.
func readMoment(s string) string {
	s = strings.Replace(s, "T", " ", 1)
	s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "+00:00"), "+00")
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02", "15:04:05.999999999", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format("2006-01-02 15:04:05.999999999")
		}
	}
	return ""
}

const typesHead = `# What each column makes of a value

<!-- Made by go test ./connectors/sqldb -run TestTypes -update, which asks the real systems. -->

A value goes in exactly or not at all. Each line is a value that was sent to a column of this type, and either what the column then holds,
or the code of the refusal: the submission parks, and nothing of it is written. Where the mapping may say what becomes of a value it
does so in the field: ` + "`round:`, `precision:`" + ` or ` + "`precision: database`" + ` ([integrator.md](../integrator.md#fields)).

A type that is not listed is tried out on PostgreSQL: a value must come back from a cast to the type as the same text. On the
other systems it is refused (` + "`sql.unknown-type`" + `). "The same" means: equal numbers, the same moment, the same JSON value (the order of
names and blanks are no part of it), the same members of a set. CHAR(n) pads with blanks, which are no part of a value there.
`
