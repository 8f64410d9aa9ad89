package sqldb

import (
	"context"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestReturnedAfterTrigger has a trigger change a row after the statement said what it wrote: what comes back, and goes into other rows, is
// what stands there. A row that no key names again gives what the statement said.
func TestReturnedAfterTrigger(t *testing.T) {
	shape := &connectors.Shape{Write: "amount", Object: "AMOUNT", Op: connectors.Insert, Fields: []string{"AMT", "NAME"}, Returning: []string{"CODE", "NAME"}}
	below := &connectors.Shape{Write: "below", Object: "BELOW", Op: connectors.Insert, Fields: []string{"CODE"}}
	changes := map[string][]string{
		"postgres": {"CREATE FUNCTION code() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE AMOUNT SET CODE = 'C' || NEW.ID WHERE ID = NEW.ID; RETURN NULL; END $$",
			"CREATE TRIGGER g AFTER INSERT ON AMOUNT FOR EACH ROW EXECUTE FUNCTION code()"},
		"sqlite": {"CREATE TRIGGER g AFTER INSERT ON AMOUNT BEGIN UPDATE AMOUNT SET CODE = 'C' || NEW.ID WHERE ID = NEW.ID; END"},
	}
	for _, fresh := range []func(testing.TB) engine{postgresEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "again.db")}, nil}
	}} {
		for _, c := range []struct{ name, key, want string }{
			{"identity", "ID integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "C1 C2 C3"},
			{"unique beside another that holds nothing", "ID integer GENERATED ALWAYS AS IDENTITY UNIQUE, OTHER integer UNIQUE", "C1 C2 C3"},
			{"of two columns", "ID integer GENERATED ALWAYS AS IDENTITY, KIND char(3) NOT NULL DEFAULT 'x', UNIQUE (KIND, ID)", "C1 C2 C3"},
			{"no key", "ID integer GENERATED ALWAYS AS IDENTITY", "old old old"},
			{"a key that holds nothing", "ID integer GENERATED ALWAYS AS IDENTITY, OTHER integer UNIQUE", "old old old"},
		} {
			e := fresh(t)
			t.Run(e.typ+"/"+c.name, func(t *testing.T) {
				key := c.key
				if e.typ == "sqlite" {
					if key = strings.Replace(key, "GENERATED ALWAYS AS IDENTITY", "", 1); !strings.Contains(key, "PRIMARY KEY") {
						t.Skip("SQLite numbers its primary key only")
					}
				}
				tg := e.open(t, nil)
				exec(t, tg, append([]string{"CREATE TABLE AMOUNT (AMT decimal(9,2), NAME varchar(40), CODE varchar(8) DEFAULT 'old', " + key + ")", "CREATE TABLE BELOW (CODE varchar(8))"}, changes[e.typ]...)...)
				var ds []connectors.Delivery
				for _, k := range []string{"X", "Y", "Z"} {
					ds = append(ds, connectors.Delivery{Key: k + "/register-1", Submission: k, Records: []connectors.Record{
						{Shape: shape, Values: []connectors.Value{decimal("1.5"), text(k)}},
						{Shape: below, Values: []connectors.Value{{Kind: connectors.Reference, Str: "amount.CODE"}}}}})
				}
				for range 2 { // the second time out of the ledger
					m := deliver(t, tg, ds...)
					var codes, names []string
					for _, k := range []string{"X", "Y", "Z"} {
						codes, names = append(codes, m[k].Returned["amount.CODE"].Str), append(names, m[k].Returned["amount.NAME"].Str)
						if len(m[k].Returned) != 2 {
							t.Errorf("%v", m[k].Returned)
						}
					}
					if got := strings.Join(codes, " "); got != c.want || strings.Join(names, " ") != "X Y Z" {
						t.Errorf("%s of %s", got, names)
					}
				}
				if got := column(t, tg, "SELECT CODE FROM BELOW ORDER BY CODE"); got != c.want {
					t.Errorf("below: %s", got)
				}
				many := connectors.Delivery{Key: "W/register-1", Submission: "W"}
				for range 2 {
					many.Records = append(many.Records, connectors.Record{Shape: shape, Values: []connectors.Value{decimal("1.5"), text("W")}})
				}
				for i := range int64(2) {
					many.Records = append(many.Records, connectors.Record{Shape: below, Values: []connectors.Value{{Kind: connectors.Reference, Str: "amount.CODE", Int: 2 - i}}})
				}
				if m := deliver(t, tg, many); len(m["W"].Returned) != 0 {
					t.Errorf("of two rows came back %v", m["W"].Returned)
				}
				want := c.want + " C4 C5"
				if c.want[0] == 'o' {
					want = c.want + " old old"
				}
				if got := column(t, tg, "SELECT CODE FROM BELOW ORDER BY CODE"); got != want {
					t.Errorf("below: %s", got)
				}
			})
		}
	}
}

// TestReturnedOfAnotherRow has a trigger give the number of a new row to another form's: what is found by it is not what was written, and
// parks. Columns that the mapping leaves to the database, and rows: unchecked, may differ.
func TestReturnedOfAnotherRow(t *testing.T) {
	const swaps = "UPDATE SWAP SET ID = -1 WHERE ID = NEW.ID; UPDATE SWAP SET ID = NEW.ID WHERE ID = NEW.ID - 1; UPDATE SWAP SET ID = NEW.ID - 1 WHERE ID = -1;"
	const changes = "UPDATE SWAP SET REF = 'changed' WHERE ID = NEW.ID;"
	const nothing = "UPDATE SWAP SET ID = ID WHERE ID = NEW.ID;"
	for _, fresh := range []func(testing.TB) engine{postgresEngine, func(t testing.TB) engine {
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "swap.db")}, nil}
	}} {
		for _, c := range []struct {
			name, does string
			loose      []int
			unchecked  bool
			want       string
		}{
			{"swapped", swaps, nil, false, dialect.CodeReference},
			{"changed", changes, nil, false, dialect.CodeReference},
			{"changed as may be", changes, []int{0}, false, ""},
			{"changed and unchecked", changes, nil, true, ""},
			{"as it was", nothing, nil, false, ""},
		} {
			e := fresh(t)
			t.Run(e.typ+"/"+c.name, func(t *testing.T) {
				tg := e.open(t, nil)
				create := []string{"CREATE TABLE SWAP (ID integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, REF varchar(20), DAY date, AMT numeric(9,2), YES boolean)",
					"CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + c.does + " RETURN NULL; END $$", "CREATE TRIGGER g AFTER INSERT ON SWAP FOR EACH ROW WHEN (NEW.ID > 1) EXECUTE FUNCTION swap()"}
				if e.typ == "sqlite" {
					create = []string{strings.Replace(create[0], "GENERATED BY DEFAULT AS IDENTITY", "", 1), "CREATE TRIGGER g AFTER INSERT ON SWAP WHEN NEW.ID > 1 BEGIN " + c.does + " END"}
				}
				exec(t, tg, create...)
				shape := &connectors.Shape{Write: "w", Object: "SWAP", Op: connectors.Insert, Fields: []string{"REF", "DAY", "AMT", "YES"}, Returning: []string{"ID"}, Loose: c.loose, Unchecked: c.unchecked}
				for i, k := range []string{"A", "B"} {
					o := deliver(t, tg, connectors.Delivery{Key: k + "/register-1", Submission: k, Records: []connectors.Record{{Shape: shape,
						Values: []connectors.Value{text(k), {Kind: connectors.Date, Str: "2026-02-03"}, decimal("1.50"), {Kind: connectors.Boolean, Int: 1}}}}})[k]
					want := c.want
					if i == 0 { // before there is another row nothing happens
						want = ""
					}
					if o.Code != want || want == "" && o.Returned["w.ID"].Int != int64(i+1) {
						t.Errorf("%s: %s %s %v, want %q", k, o.Code, o.Raw, o.Returned, want)
					}
				}
			})
		}
	}
}

// column is the texts of a column.
func column(t testing.TB, tg *Target, query string) string {
	t.Helper()
	s, err := tg.Sys.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := s.Run(context.Background(), []dialect.Statement{{SQL: query, Rows: true, Item: -1}}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range res[0].Rows {
		list = append(list, r[0].Str)
	}
	return strings.Join(list, " ")
}

// TestClearedByWhatTriggersMade: children of children that make way for others are found by the value that stands in the row, not by the one that
// the statement returned before a trigger changed it, which may be that of somebody else.
func TestClearedByWhatTriggersMade(t *testing.T) {
	e := engine{"sqlite", dialect.Config{Path: emptyFile(t, "cleared.db")}, nil}
	tg := e.open(t, nil)
	exec(t, tg, "CREATE TABLE FAMILY (ID integer PRIMARY KEY, NAME varchar(20), CODE integer DEFAULT 0)",
		"CREATE TRIGGER g AFTER INSERT ON FAMILY BEGIN UPDATE FAMILY SET CODE = 100 + NEW.ID WHERE ID = NEW.ID; END",
		"CREATE TABLE PERSON (ID integer PRIMARY KEY, FAMILY_ID integer NOT NULL)",
		"CREATE TABLE DOG (PERSON_ID integer NOT NULL, FAMILY_ID integer NOT NULL, NAME varchar(20), FOREIGN KEY (PERSON_ID) REFERENCES PERSON (ID))",
		"INSERT INTO PERSON VALUES (1, 9)", "INSERT INTO DOG VALUES (1, 0, 'of somebody else')")
	families, persons, dogs := *familyShape, *personShape, *dogShape
	families.Fields, families.Returning = []string{"NAME"}, []string{"CODE"}
	persons.Op, persons.Key, dogs.Op, dogs.Key = connectors.ReplaceChildren, []int{1}, connectors.ReplaceChildren, []int{1}
	written(t, deliver(t, tg, connectors.Delivery{Key: "A/register-1", Submission: "A", Records: []connectors.Record{
		record(&families, text("f")), record(&persons, integer(2), integer(7)),
		record(&dogs, integer(2), connectors.Value{Kind: connectors.Reference, Str: "families.CODE"}, text("rex"))}}), "A")
	same(t, query(t, tg, "SELECT FAMILY_ID, NAME FROM DOG ORDER BY FAMILY_ID"), "0|of somebody else", "101|rex")
}
