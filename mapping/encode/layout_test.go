package encode

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

var update = flag.Bool("update", false, "write the golden files anew")

func text(s string) connectors.Value     { return connectors.Value{Kind: connectors.Text, Str: s} }
func decimal(s string) connectors.Value  { return connectors.Value{Kind: connectors.Decimal, Str: s} }
func integer(n int64) connectors.Value   { return connectors.Value{Kind: connectors.Integer, Int: n} }
func date(s string) connectors.Value     { return connectors.Value{Kind: connectors.Date, Str: s} }
func dateTime(s string) connectors.Value { return connectors.Value{Kind: connectors.DateTime, Str: s} }
func boolean(b int64) connectors.Value   { return connectors.Value{Kind: connectors.Boolean, Int: b} }
func ptr(s string) *string               { return &s }

var (
	null    = connectors.Value{Kind: connectors.Null}
	missing = connectors.Value{}
	sealed  = time.Date(2026, 11, 22, 23, 30, 5, 0, time.UTC)
)

func must(t testing.TB, s Spec) *Layout {
	t.Helper()
	l, problems := NewLayout(s)
	for _, p := range problems {
		t.Error(p)
	}
	if l == nil {
		t.FailNow()
	}
	return l
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got)\n%s", name, d)
	}
}

// permitFields are the fields of the examples below; every type is there.
func permitFields() []FieldSpec {
	return []FieldSpec{
		{Name: "REF", Width: 12, XML: "@ref"},
		{Name: "SURNAME", Width: 14, Overflow: "cut", Unmappable: charset.Unmappable{Said: true, Replace: "?"}, Control: "space"},
		{Name: "FEE", Type: "decimal", Decimals: 2, Width: 10},
		{Name: "FLOORS", Type: "integer", Width: 3},
		{Name: "BORN", Type: "date", Width: 10},
		{Name: "AT", Type: "datetime", Width: 19, Zone: "Europe/Berlin"},
		{Name: "NEW", Type: "boolean", Width: 5},
	}
}

var permitShape = &connectors.Shape{Write: "permit", Fields: []string{"NEW", "REF", "SURNAME", "FEE", "FLOORS", "BORN", "AT"}}

func permit(values ...connectors.Value) connectors.Record {
	return connectors.Record{Shape: permitShape, Values: values}
}

func permits() [][]connectors.Record {
	return [][]connectors.Record{
		{permit(boolean(1), text("A-1"), text("Müller"), decimal("1234.5"), integer(2), date("1980-02-29"), dateTime("2026-07-01T10:00:00Z"))},
		{},
		{
			permit(boolean(0), text("A-2"), text("O'Neil, \"Bob\" <&> Ł\tx"), decimal("-0.05"), integer(0), null, missing),
			permit(null, text("=A3"), text(""), null, missing, null, dateTime("2026-01-01T00:00:00+05:00")),
		},
	}
}

// build encodes the deliveries and makes the file.
func build(t *testing.T, l *Layout, deliveries [][]connectors.Record) ([]byte, []Piece) {
	t.Helper()
	var pieces []Piece
	for _, recs := range deliveries {
		p, err := l.Encode(recs)
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, p)
	}
	h := Header{Seq: 42, SealedAt: sealed, Name: "PERM000042.DAT"}
	file, err := l.File(h, pieces)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := l.File(h, pieces)
	if string(again) != string(file) {
		t.Error("the second file differs from the first")
	}
	return file, pieces
}

func row(name string, fields ...FieldSpec) LineSpec { return LineSpec{Name: name, Fields: fields} }

func value(name, v string, width int) FieldSpec {
	return FieldSpec{Name: name, Value: ptr(v), Width: width}
}

func goldenSpecs() map[string]Spec {
	total := FieldSpec{Name: "sum", Value: ptr("{total:FEE}"), Type: "decimal", Decimals: 2, Width: 12}
	count := FieldSpec{Name: "count", Value: ptr("{count}"), Type: "integer", Width: 6}
	implied := total
	implied.Implied, implied.Sign = true, "trailing"
	return map[string]Spec{
		"permit.fixed": {Format: "fixed", Charset: "iso-8859-1", LineEnding: "crlf", Zone: "Europe/Berlin", Fields: permitFields(),
			Header:  []LineSpec{row("", value("", "HDR", 3), FieldSpec{Value: ptr("{seq}"), Type: "integer", Width: 6}, value("", "{date}{time:HHmm}", 12), value("", "{name}", 20))},
			Trailer: []LineSpec{row("", value("", "TRL", 3), count, implied, FieldSpec{Value: ptr("{lines}"), Type: "integer", Width: 4})}},
		"permit.csv": {Format: "csv", LineEnding: "crlf", Fields: permitFields(), CSV: CSVSpec{Delimiter: ";", Titles: true},
			Trailer: []LineSpec{row("", value("", "{count} records", 0), total)}},
		"permit-all.csv": {Format: "csv", Charset: "windows-1252", Fields: permitFields(), CSV: CSVSpec{Quote: "all"}},
		"permit.xml": {Format: "xml", Charset: "iso-8859-15", Fields: permitFields(), XML: XMLSpec{Root: "permits", Record: "permit", Namespace: "urn:x:1&2", Nil: true},
			Header: []LineSpec{row("batch", FieldSpec{Name: "no", Value: ptr("{seq:06}"), XML: "@no"}, value("sealed", "{date:yyyy-MM-dd}", 0))}, Trailer: []LineSpec{row("end", count, total)}},
		"permit.json": {Format: "json", Fields: permitFields()},
		"permit-object.json": {Format: "json", Fields: permitFields(), JSON: JSONSpec{Style: "object", Records: "permits"},
			Header: []LineSpec{row("batch", FieldSpec{Name: "no", Value: ptr("{seq}"), Type: "integer"})}, Trailer: []LineSpec{row("end", count, total)}},
		"permit.jsonl": {Format: "json", Charset: "us-ascii", Fields: permitFields(), JSON: JSONSpec{Style: "lines"}, Trailer: []LineSpec{row("", count)}},
	}
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, spec := range goldenSpecs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, pieces := build(t, must(t, spec), permits())
			golden(t, name, file)
			var notes strings.Builder
			for i, p := range pieces {
				for _, n := range p.Notes {
					fmt.Fprintf(&notes, "%d.%d %s.%s %s: %s\n", i, n.Record, n.Write, n.Field, n.Code, n.Message)
				}
			}
			golden(t, name+".notes", []byte(notes.String()))
			empty, _ := build(t, must(t, spec), nil)
			golden(t, name+".empty", empty)
		})
	}
}

func TestRecordKinds(t *testing.T) {
	t.Parallel()
	l := must(t, Spec{Format: "fixed", Records: map[string]RecordSpec{
		"owner":  {Fields: []FieldSpec{value("", "O", 1), {Name: "NAME", Width: 6}}},
		"parcel": {Fields: []FieldSpec{value("", "P", 1), {Name: "AREA", Type: "decimal", Decimals: 1, Width: 6}}},
	}, Trailer: []LineSpec{row("", value("", "{count:owner}/{count:parcel}/{total:parcel.AREA}", 14))}})
	owner := &connectors.Shape{Write: "owner", Fields: []string{"NAME"}}
	parcel := &connectors.Shape{Write: "parcel", Fields: []string{"AREA"}}
	file, _ := build(t, l, [][]connectors.Record{{
		{Shape: owner, Values: []connectors.Value{text("Äff")}},
		{Shape: parcel, Values: []connectors.Value{decimal("12.50")}},
		{Shape: parcel, Values: []connectors.Value{integer(3)}},
	}})
	if want := "OÄff  \nP0012.5\nP0003.0\n1/2/15.50     \n"; string(file) != want {
		t.Errorf("%q", file)
	}
	for want, shape := range map[string]*connectors.Shape{
		CodeWrite:  {Write: "other"},
		CodeField:  {Write: "owner", Fields: []string{"NAME", "EXTRA"}},
		CodeAbsent: {Write: "owner", Fields: []string{"AREA"}},
	} {
		if e := l.bind(shape).err; e == nil || e.Code != want {
			t.Errorf("%v: want %s", e, want)
		}
	}
	if err := l.bind(owner).err; err != nil {
		t.Error(err)
	}
}

func TestControlFile(t *testing.T) {
	t.Parallel()
	l := must(t, Spec{Format: "csv", LineEnding: "crlf", Fields: []FieldSpec{{Name: "A", Type: "integer"}},
		ControlFile: &ControlSpec{Name: "{stem}.CTL", Text: "{name} {bytes} {count} {total:A} {seq:03}\n{sha256}\n"}})
	sh := &connectors.Shape{Write: "w", Fields: []string{"A"}}
	file, pieces := build(t, l, [][]connectors.Record{{{Shape: sh, Values: []connectors.Value{integer(7)}}}, {{Shape: sh, Values: []connectors.Value{integer(-9)}}}})
	name, body, ok, err := l.Control(Header{Seq: 3, Name: "X.CSV", SealedAt: sealed}, int64(len(file)), sha256.Sum256(file), pieces)
	want := fmt.Sprintf("X.CSV 7 2 -2 003\r\n%x\r\n", sha256.Sum256(file))
	if !ok || err != nil || name != "X.CTL" || string(body) != want {
		t.Errorf("%s %q %v %v", name, body, ok, err)
	}
}
