package sqldb

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

var (
	familyShape = &connectors.Shape{Write: "families", Object: "FAMILY", Op: connectors.Insert, Fields: []string{"ID", "NAME"}}
	personShape = &connectors.Shape{Write: "persons", Object: "PERSON", Op: connectors.Insert, Fields: []string{"ID", "FAMILY_ID"}}
	dogShape    = &connectors.Shape{Write: "dogs", Object: "DOG", Op: connectors.Insert, Fields: []string{"PERSON_ID", "FAMILY_ID", "NAME"}}
)

func familyTables(tail string) []string {
	return []string{
		"CREATE TABLE FAMILY (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(20))" + tail,
		"CREATE TABLE PERSON (ID INTEGER NOT NULL PRIMARY KEY, FAMILY_ID INTEGER NOT NULL, FOREIGN KEY (FAMILY_ID) REFERENCES FAMILY (ID))" + tail,
		"CREATE TABLE DOG (PERSON_ID INTEGER NOT NULL, FAMILY_ID INTEGER NOT NULL, NAME VARCHAR(20), FOREIGN KEY (PERSON_ID) REFERENCES PERSON (ID))" + tail,
	}
}

func record(s *connectors.Shape, vals ...connectors.Value) connectors.Record {
	return connectors.Record{Shape: s, Values: vals}
}

// testParents writes children whose mapping names them before their parents, alone and in groups of many mappings, and
// replaces children that have children.
func testParents(t *testing.T, e engine) {
	tg := e.open(t, nil)
	tail := ""
	if strings.Contains(e.ddl[0], "ENGINE") {
		tail = " ENGINE=InnoDB"
	}
	exec(t, tg, familyTables(tail)...)
	upside := func(key string, id int64) connectors.Delivery {
		return connectors.Delivery{Key: key + "/register-1", Submission: key, Records: []connectors.Record{
			record(dogShape, integer(id), integer(id), text("rex")), record(dogShape, integer(id), integer(id), text("bello")),
			record(personShape, integer(id), integer(id)), record(familyShape, integer(id), text("f"))}}
	}
	written(t, deliver(t, tg, upside("A", 1)), "A")
	straight := upside("C", 3)
	straight.Records = []connectors.Record{straight.Records[3], straight.Records[2], straight.Records[0]}
	middle := upside("D", 4)
	middle.Records = []connectors.Record{middle.Records[2], middle.Records[3], middle.Records[0]}
	written(t, deliver(t, tg, upside("B", 2), straight, middle), "B", "C", "D")
	same(t, query(t, tg, "SELECT f.ID, COUNT(*) FROM FAMILY f JOIN PERSON p ON p.FAMILY_ID = f.ID JOIN DOG d ON d.PERSON_ID = p.ID GROUP BY f.ID"), "1|2", "2|2", "3|1", "4|1")
	if o := deliver(t, tg, connectors.Delivery{Key: "E/register-1", Submission: "E", Records: upside("E", 9).Records[:3]})["E"]; o.Code != CodeConstraint {
		t.Fatalf("without a family: %+v", o)
	}

	persons, dogs := *personShape, *dogShape
	persons.Op, persons.Key, dogs.Op, dogs.Key = connectors.ReplaceChildren, []int{1}, connectors.ReplaceChildren, []int{1}
	replace := func(key string, family, person int64, names ...string) connectors.Delivery {
		d := connectors.Delivery{Key: key + "/register-1", Submission: key}
		for _, n := range names {
			d.Records = append(d.Records, record(&dogs, integer(person), integer(family), text(n)))
		}
		d.Records = append(d.Records, record(&persons, integer(person), integer(family)))
		return d
	}
	written(t, deliver(t, tg, replace("F", 1, 11, "waldi"), replace("G", 2, 12, "hasso", "senta")), "F", "G")
	same(t, query(t, tg, "SELECT p.FAMILY_ID, p.ID, d.NAME FROM PERSON p JOIN DOG d ON d.PERSON_ID = p.ID WHERE p.FAMILY_ID < 3"), "1|11|waldi", "2|12|hasso", "2|12|senta")
	written(t, deliver(t, tg, replace("H", 1, 21, "x"), replace("I", 1, 31, "last")), "H", "I") // the same key twice
	same(t, query(t, tg, "SELECT p.FAMILY_ID, p.ID, d.NAME FROM PERSON p LEFT JOIN DOG d ON d.PERSON_ID = p.ID WHERE p.FAMILY_ID = 1"), "1|31|last")
}

// TestSortedRecords says what keeps its order.
func TestSortedRecords(t *testing.T) {
	tab := func(name string, parents ...string) *table { return &table{name: name, parents: parents} }
	a := &attempt{k: &known{tables: map[string]*table{
		"P": tab("p"), "C": tab("c", "P", "q"), "G": tab("g", "c"), "X": tab("x", "y"), "Y": tab("y", "x"), "S": tab("s", "s")}}}
	sh := func(name string) *connectors.Shape {
		return &connectors.Shape{Write: strings.ToLower(name), Object: strings.TrimRight(name, "23")}
	}
	p, c, c2, g, x, y, s := sh("P"), sh("C"), sh("C2"), sh("G"), sh("X"), sh("Y"), sh("S")
	call := &connectors.Shape{Write: "call", Object: "C", Op: connectors.Call}
	for _, tc := range []struct {
		records []connectors.Record
		want    string
	}{
		{[]connectors.Record{record(p), record(c), record(g)}, "p c g"},
		{[]connectors.Record{record(g), record(c), record(p)}, "p c g"},
		{[]connectors.Record{record(g), record(c), record(c), record(p)}, "p c c g"},
		{[]connectors.Record{record(c), record(c2), record(p)}, "p c c2"},
		{[]connectors.Record{record(x), record(y)}, "x y"},
		{[]connectors.Record{record(y), record(x), record(c), record(p)}, "p c y x"},
		{[]connectors.Record{record(s), record(c), record(p)}, "s p c"},
		{[]connectors.Record{record(c), record(call), record(p)}, "c call p"},
		{[]connectors.Record{record(c), record(p, ref("c.ID"))}, "c p"}, // the parent takes a value of the child
	} {
		it := &item{delivery: &connectors.Delivery{Records: tc.records}}
		a.items = []*item{it}
		a.parentsFirst()
		var got []string
		for _, r := range it.delivery.Records {
			got = append(got, r.Shape.Write)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("got %v, want %s", got, tc.want)
		}
	}
}
