package sqldb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// levels are three tables, each of which makes the key that the next one refers to.
var levels = map[string]string{"postgres": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "mysql": "bigint AUTO_INCREMENT PRIMARY KEY", "mariadb": "bigint AUTO_INCREMENT PRIMARY KEY", "sqlite": "integer PRIMARY KEY"}

var (
	plot = &connectors.Shape{Write: "plot", Object: "PLOT", Op: connectors.Insert, Fields: []string{"NO", "NOTE"}, Key: []int{0}, Returning: []string{"ID", "NO"}}
	room = &connectors.Shape{Write: "room", Object: "ROOM", Op: connectors.Insert, Fields: []string{"PLOT_ID", "NAME", "NOTE"}, Returning: []string{"ID"}}
	bulb = &connectors.Shape{Write: "bulb", Object: "BULB", Op: connectors.Insert, Fields: []string{"ROOM_ID", "PLOT_NO", "KIND"}}
)

// estate is a delivery of plots with so many rooms each, and of a bulb for the second room of each plot. Every other row leaves a column out, so that it
// goes in another statement than its neighbours.
func estate(key string, shape *connectors.Shape, rooms ...int) connectors.Delivery {
	d := connectors.Delivery{Key: key + "/register-1", Submission: key}
	of := func(what string, n int) connectors.Value {
		return connectors.Value{Kind: connectors.Reference, Str: what, Int: int64(n)}
	}
	note := func(n int) connectors.Value {
		if n%2 == 1 {
			return missing
		}
		return text("note")
	}
	add := func(s *connectors.Shape, values ...connectors.Value) {
		d.Records = append(d.Records, connectors.Record{Shape: s, Values: values})
	}
	for p := range rooms {
		add(shape, text(fmt.Sprint(key, p)), note(p))
	}
	n := 0
	for p, many := range rooms {
		for r := range many {
			add(room, of("plot.ID", p+1), text(fmt.Sprint("r", r)), note(r))
		}
	}
	for p, many := range rooms {
		if many > 1 {
			add(bulb, of("room.ID", n+2), of("plot.NO", p+1), text("lamp"))
		}
		n += many
	}
	return d
}

// Rows refer to the keys that their own parents got, over levels, forms and statements, and a repeat writes nothing.
func testLevels(t *testing.T, e engine) {
	base := e.open(t, nil)
	for _, sql := range []string{"CREATE TABLE PLOT (ID @, NO varchar(20) NOT NULL UNIQUE, NOTE varchar(20))", "CREATE TABLE ROOM (ID @, PLOT_ID bigint NOT NULL, NAME varchar(20), NOTE varchar(20), FOREIGN KEY (PLOT_ID) REFERENCES PLOT (ID))",
		"CREATE TABLE BULB (ROOM_ID bigint NOT NULL, PLOT_NO varchar(20), KIND varchar(20), FOREIGN KEY (ROOM_ID) REFERENCES ROOM (ID))"} {
		exec(t, base, strings.Replace(sql, "@", levels[e.typ], 1))
	}
	group := []connectors.Delivery{estate("a", plot, 2, 0, 3), estate("b", plot, 1), estate("c", plot), estate("d", plot, 2)}
	want := []string{"a0|r0|NULL", "a0|r1|a0", "a1|NULL|NULL", "a2|r0|NULL", "a2|r1|a2", "a2|r2|NULL", "b0|r0|NULL", "d0|r0|NULL", "d0|r1|d0"}
	stands := "SELECT P.NO, R.NAME, B.PLOT_NO FROM PLOT P LEFT JOIN ROOM R ON R.PLOT_ID = P.ID LEFT JOIN BULB B ON B.ROOM_ID = R.ID"
	first := deliver(t, base, group...)
	written(t, first, "a", "b", "c", "d")
	same(t, query(t, base, stands), want...)
	again := deliver(t, e.open(t, nil), group...)
	written(t, again, "a", "b", "c", "d")
	same(t, query(t, base, stands), want...)
	for key, o := range first {
		if have := again[key].Returned; len(have) != len(o.Returned) || have["plot.ID"] != o.Returned["plot.ID"] || have["room.ID"] != o.Returned["room.ID"] {
			t.Errorf("%s returned %v, and again %v", key, o.Returned, have)
		}
	}
	if got := first["a"].Returned; len(got) != 0 {
		t.Errorf("of many rows came back %v", got)
	}
	if got := first["b"].Returned; len(got) != 3 || got["plot.NO"] != text("b0") {
		t.Errorf("of one row each came back %v", got)
	}
	upsert := *plot
	upsert.Op = connectors.Upsert
	more := estate("a", &upsert, 2, 1)
	more.Key = "more/register-1"
	more.Records[1].Values[0], more.Records[1].Values[1] = more.Records[0].Values[0], more.Records[0].Values[1] // one row twice
	written(t, deliver(t, base, more), "more")
	same(t, query(t, base, "SELECT COUNT(*) FROM ROOM R JOIN PLOT P ON R.PLOT_ID = P.ID WHERE P.NO = 'a0'"), "5")
}

// A record that refers to one that there is not, or that comes later, is refused and nothing of its form stands.
func testLevelsMissing(t *testing.T, e engine) {
	base := e.open(t, nil)
	exec(t, base, strings.Replace("CREATE TABLE PLOT (ID @, NO varchar(20) NOT NULL UNIQUE, NOTE varchar(20))", "@", levels[e.typ], 1), strings.Replace("CREATE TABLE ROOM (ID @, PLOT_ID bigint NOT NULL, NAME varchar(20), NOTE varchar(20))", "@", levels[e.typ], 1))
	bad := estate("a", plot, 1, 1)
	bad.Records[3].Values[0].Int = 3
	got := deliver(t, base, bad, estate("b", plot, 1))
	written(t, got, "b")
	if o := got["a"]; o.Class != connectors.ItemError || o.Code != "sql.reference" {
		t.Errorf("%s %s %s", o.Class, o.Code, o.Text)
	}
	same(t, query(t, base, "SELECT NO FROM PLOT"), "b0")
}
