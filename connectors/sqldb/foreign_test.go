package sqldb

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
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
	if o := deliver(t, tg, connectors.Delivery{Key: "E/register-1", Submission: "E", Records: upside("E", 9).Records[:3]})["E"]; o.Code != dialect.CodeConstraint {
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
