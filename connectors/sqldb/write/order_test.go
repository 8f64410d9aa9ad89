package write

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestSortedRecords says what keeps its order.
func TestSortedRecords(t *testing.T) {
	tab := func(name string, parents ...string) *dialect.Table {
		return &dialect.Table{Name: name, Parents: parents}
	}
	a := &attempt{k: &catalog.Known{Tables: map[string]*dialect.Table{
		"P": tab("p"), "C": tab("c", "P", "q"), "G": tab("g", "c"), "X": tab("x", "y"), "Y": tab("y", "x"), "S": tab("s", "s")}}}
	record := func(s *connectors.Shape, values ...connectors.Value) connectors.Record {
		return connectors.Record{Shape: s, Values: values}
	}
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
		{[]connectors.Record{record(c), record(p, connectors.Value{Kind: connectors.Reference, Str: "c.ID"})}, "c p"}, // the parent takes a value of the child
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

func TestWaves(t *testing.T) {
	a, b, c := &connectors.Shape{Write: "a"}, &connectors.Shape{Write: "b"}, &connectors.Shape{Write: "c"}
	it := func(shapes ...*connectors.Shape) *item {
		d := &connectors.Delivery{}
		for _, s := range shapes {
			d.Records = append(d.Records, connectors.Record{Shape: s})
		}
		return &item{delivery: d}
	}
	for _, tc := range []struct {
		items []*item
		want  string
		ok    bool
	}{
		{[]*item{it(a, c, c), it(a, b, c)}, "a2 b1 c3", true},
		{[]*item{it(c), it(b, c), it(a, b)}, "a1 b2 c2", true},
		{[]*item{it(a, b), it(b, a)}, "", false},
		{[]*item{it(a, b, a)}, "", false},
		{[]*item{it()}, "", true},
	} {
		ws, ok := waves(tc.items)
		var got []string
		for _, w := range ws {
			got = append(got, fmt.Sprintf("%s%d", w.shape.Write, len(w.parts)))
		}
		if ok != tc.ok || strings.Join(got, " ") != tc.want {
			t.Errorf("got %v %v, want %s %v", got, ok, tc.want, tc.ok)
		}
	}
	if n := len(singly([]*item{it(a, b, a), it(b)})); n != 4 {
		t.Errorf("%d waves singly", n)
	}
}

func FuzzUnpackReturned(f *testing.F) {
	f.Add(`{"w.NO":{"k":3,"i":"4711"},"w.PDF":{"k":8,"s":"AAE="}}`)
	f.Fuzz(func(t *testing.T, s string) {
		values, err := unpackReturned(s)
		if err != nil {
			return
		}
		again, err := packReturned(values)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unpackReturned(again); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSameValue: two records of one row may say the same in other words.
func TestSameValue(t *testing.T) {
	dec := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Decimal, Str: s} }
	at := func(s string) connectors.Value { return connectors.Value{Kind: connectors.DateTime, Str: s} }
	one := connectors.Value{Kind: connectors.Integer, Int: 1}
	for _, c := range []struct {
		v, w connectors.Value
		same bool
	}{
		{dec("1"), dec("1.00"), true}, {one, dec("1.0"), true}, {dec("10"), dec("1"), false}, {dec("1.10"), dec("1.1"), true}, {one, dec("1.01"), false},
		{at("2026-01-02T10:00:00Z"), at("2026-01-02T11:00:00+01:00"), true}, {at("2026-01-02T10:00:00Z"), at("2026-01-02T10:00:01Z"), false},
		{at("2026-01-02T10:00:00"), at("2026-01-02T10:00:00Z"), false}, {connectors.Value{}, connectors.Value{Kind: connectors.Null}, false},
	} {
		if got := sameValue(&c.v, &c.w); got != c.same {
			t.Errorf("%+v and %+v: %v", c.v, c.w, got)
		}
	}
}
