package straight

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	_ "modernc.org/sqlite"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/load"
)

const (
	mappingYAML = `mapping: m
version: 1
input: {format: json, reference: form.ref}
write:
  - as: head
    to: register
    table: HEAD
    fields:
      REF: form.ref
      NAME: form.name
      AMT: {value: form.amt, type: "decimal(9,2)"}
      BORN: form.born | parseDate("yyyy-MM-dd")
      AT: form.at | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own")
    returning: [ID]
  - as: parts
    to: register
    table: PART
    each: p in form.parts
    fields: {HEAD: head.ID, NO: index + 1, WHAT: p}
`
	tables = `create table HEAD (ID integer primary key, REF text, NAME text, AMT text, BORN text, AT text, OTHER text default 'x');
create table PART (HEAD int, NO int, WHAT text)`
	good = `insert into HEAD values (7, 'A1', 'Ada', '2.50', '1980-02-29', '2026-10-25 01:30:00+00:00', 'x'), (8, 'A2', 'Bob', '3', '1981-01-01', '2026-01-01T12:00:00Z', 'x');
insert into PART values (7, 1, '01067'), (7, 2, 'y'), (8, 1, 'y')`
)

func forms() []*Form {
	form := func(ref, name, amt, born, at, parts string) *Form {
		return &Form{Name: ref, Bytes: fmt.Appendf(nil, `{"ref":%q,"name":%q,"amt":%s,"born":%q,"at":%q,"parts":[%s]}`, ref, name, amt, born, at, parts)}
	}
	return []*Form{form("A1", "Ada", "2.5", "1980-02-29", "2026-10-25T02:30:00+01:00", `"01067","y"`), form("A2", "Bob", "3.00", "1981-01-01", "2026-01-01T13:00:00+01:00", `"y"`)}
}

// Whatever is changed in the tables is seen, and nothing is seen where all is right.
func TestEveryChangeIsSeen(t *testing.T) {
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(mappingYAML)}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string][2]int{ // missing and extra: children of a row that is not straight are not either
		"":                            {0, 0},
		"update HEAD set OTHER = 'y'": {0, 0}, // the legacy system's own
		"update HEAD set NAME = 'Ada ' where ID = 7":                                        {3, 3},
		"update HEAD set AMT = '2.6' where ID = 7":                                          {3, 3},
		"update HEAD set AMT = null where ID = 7":                                           {3, 3},
		"update HEAD set BORN = '1980-02-28'":                                               {5, 5},
		"update HEAD set AT = '2026-10-25 00:30:00Z'":                                       {5, 5},
		"update HEAD set NAME = 'Bob', REF = 'A2'":                                          {3, 3},
		"update PART set WHAT = 1067 where NO = 1":                                          {2, 2},
		"update PART set NO = NO + 1":                                                       {3, 3},
		"update PART set HEAD = 15 - HEAD":                                                  {3, 3},
		"delete from PART where NO = 2":                                                     {1, 0},
		"insert into PART values (7, 2, 'y')":                                               {0, 1},
		"insert into HEAD (REF) values ('A9')":                                              {0, 1},
		"delete from HEAD where ID = 8":                                                     {2, 1},
		"insert into HEAD select 9, REF, NAME, AMT, BORN, AT, OTHER from HEAD where ID = 7": {0, 1},
	} {
		db, err := sql.Open("sqlite", ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		for _, text := range []string{tables, good, change} {
			if _, err := db.Exec(text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		found, err := Database{DB: db, Plan: plan, Target: "register"}.Compare(context.Background(), forms())
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Missing) != want[0] || len(found.Extra) != want[1] || found.Straight() != (want == [2]int{}) {
			t.Errorf("%q: %d missing, %d extra, want %v\n%q", change, len(found.Missing), len(found.Extra), want, found)
		}
		db.Close()
	}
}

func TestSame(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	blob := connectors.BytesBlob([]byte{0, 1})
	for _, c := range []struct {
		want connectors.Value
		got  any
		same bool
	}{
		{connectors.Value{Kind: connectors.Null}, nil, true},
		{connectors.Value{Kind: connectors.Null}, "", false},
		{connectors.Value{Kind: connectors.Text}, "", true},
		{connectors.Value{Kind: connectors.Text}, nil, false},
		{connectors.Value{Kind: connectors.Text, Str: "1E5"}, float64(100000), false},
		{connectors.Value{Kind: connectors.Decimal, Str: "1234567.55"}, float32(1234567.5), false},
		{connectors.Value{Kind: connectors.Decimal, Str: "0.1"}, 0.1, true},
		{connectors.Value{Kind: connectors.Boolean, Int: 1}, true, true},
		{connectors.Value{Kind: connectors.Boolean, Int: 1}, int64(0), false},
		{connectors.Value{Kind: connectors.Date, Str: "2026-01-31"}, time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), true},
		{connectors.Value{Kind: connectors.Date, Str: "2026-01-31"}, time.Date(2026, 1, 31, 1, 0, 0, 0, time.UTC), false},
		{connectors.Value{Kind: connectors.DateTime, Str: "2026-07-01T12:00:00Z"}, "2026-07-01 14:00:00", true},
		{connectors.Value{Kind: connectors.DateTime, Str: "2026-07-01T12:00:00.5Z"}, "2026-07-01 14:00:00", false},
		{connectors.Value{Kind: connectors.Binary, Blob: &blob}, []byte{0, 1}, true},
		{connectors.Value{Kind: connectors.Binary, Blob: &blob}, `\x0001`, false},
	} {
		if same, err := Same(c.want, c.got, berlin); err != nil || same != c.same {
			t.Errorf("%+v and %v: %v, %v", c.want, c.got, same, err)
		}
	}
}
