package mapping_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// estate has three levels below a case: parcels, their rooms, and the sensors of these.
const estate = `
mapping: estate
version: 1
input: {format: json, unused: allow}
write:
  - {as: case, to: register, table: CASE, fields: {REF: form.ref}, returning: CASE_ID}
  - as: parcels
    to: register
    table: PARCEL
    each: parcel in form.parcels
    when: not (parcel.skip ?? false)
    let: {label: 'concat("P", parcel.no)', at: index}
    fields: {CASE_ID: case.CASE_ID, NO: parcel.no}
    returning: [PARCEL_ID, STAMP]
  - as: rooms
    to: register
    table: ROOM
    under: parcels
    each: room in parcel.rooms
    fields: {PARCEL_ID: parcels.PARCEL_ID, CASE_ID: case.CASE_ID, NAME: room.name, OF: label, N: 'concat(index(parcel), "/", index, "/", at, "/", row(parcels), "/", row)'}
    returning: ROOM_ID
  - as: sensors
    to: register
    table: SENSOR
    under: rooms
    each: s in filter(room.sensors, .floor == parcel.floor)
    fields: {ROOM_ID: rooms.ROOM_ID, PARCEL_ID: parcels.PARCEL_ID, KIND: s.kind, N: 'concat(row(parcels), row(rooms), row)'}
  - {as: notes, to: register, table: NOTE, under: rooms, when: room.note != nil, fields: {ROOM_ID: rooms.ROOM_ID, TEXT: room.note}}
`

// written are the records that a form becomes, as WRITE A,B,C.
func written(t *testing.T, source, form string) []string {
	t.Helper()
	p := mappings.Load(t, source)
	m, err := p.Map(mappings.Form(t, p, form), expr.Input{ID: "1"})
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, r := range m.Deliveries[0].Records {
		var values []string
		for _, v := range r.Values {
			values = append(values, mapping.Show(v))
		}
		s := r.Shape.Write + " " + strings.Join(values, ",")
		if r.Bare {
			s += "!"
		}
		all = append(all, s)
	}
	return all
}

// A write under another makes its records for each record of that, in the same order, and means by its returned values those of that record.
func TestUnder(t *testing.T) {
	t.Parallel()
	have := written(t, estate, `{"ref":"A","parcels":[
		{"no":1,"floor":2,"rooms":[{"name":"a","note":"n","sensors":[{"kind":"x","floor":2},{"kind":"y","floor":3}]},{"name":"b"}]},
		{"no":2,"skip":true,"rooms":[{"name":"never"}]},
		{"no":3},
		{"no":4,"floor":1,"rooms":[{"name":"c","sensors":[{"kind":"z","floor":1},{"kind":"w","floor":1}]}]}]}`)
	want := []string{
		"case A",
		"parcels (returned case.CASE_ID),1", "parcels (returned case.CASE_ID),3", "parcels (returned case.CASE_ID),4",
		"rooms (returned parcels[0].PARCEL_ID),(returned case.CASE_ID),a,P1,0/0/0/0/0",
		"rooms (returned parcels[0].PARCEL_ID),(returned case.CASE_ID),b,P1,0/1/0/0/1",
		"rooms (returned parcels[2].PARCEL_ID),(returned case.CASE_ID),c,P4,3/0/3/2/2",
		"sensors (returned rooms[0].ROOM_ID),(returned parcels[0].PARCEL_ID),x,000",
		"sensors (returned rooms[2].ROOM_ID),(returned parcels[2].PARCEL_ID),z,221",
		"sensors (returned rooms[2].ROOM_ID),(returned parcels[2].PARCEL_ID),w,222",
		"notes (returned rooms[0].ROOM_ID),n",
	}
	if !slices.Equal(have, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	for _, form := range []string{`{"ref":"A"}`, `{"ref":"A","parcels":[]}`, `{"ref":"A","parcels":[{"no":1,"skip":true,"rooms":[{"name":"a"}]}]}`} {
		if have := written(t, estate, form); !slices.Equal(have, []string{"case A"}) {
			t.Errorf("%s: %v", form, have)
		}
	}
}

// Explain names the record whose value is meant.
func TestUnderIsExplained(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, estate)
	var have []string
	for _, x := range p.Explain(mappings.Form(t, p, `{"parcels":[{"rooms":[]},{"rooms":[{"name":"a"}]}]}`), expr.Input{ID: "1"}) {
		if x.Write == "rooms" {
			have = append(have, x.Field+"="+x.Shown+" "+x.Pointer)
		}
	}
	want := "PARCEL_ID=(returned parcels[1].PARCEL_ID) |CASE_ID=(returned case.CASE_ID) |NAME=a /parcels/1/rooms/0/name|OF=P /parcels/1/no|N=1/0/1/1/0 "
	if s := strings.Join(have, "|"); s != want {
		t.Errorf("have %s\nwant %s", s, want)
	}
}

// What is wrong above a write is told once, and not again for each write under it.
func TestUnderTellsOnce(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, strings.Replace(estate, "when: not (parcel.skip ?? false)", "when: parcel.skip", 1))
	for form, want := range map[string]string{
		`{"parcels":7}`: "/parcels field.not-a-list",
		`{"parcels":[{"skip":"maybe","rooms":[{}]},{"skip":true,"rooms":5}]}`: "/parcels/0/skip field.not-a-boolean /parcels/1/rooms field.not-a-list",
	} {
		_, err := p.Map(mappings.Form(t, p, form), expr.Input{ID: "1"})
		var wrong *mapping.MapError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", form, err)
			continue
		}
		var have []string
		for _, f := range wrong.Fields {
			have = append(have, f.Pointer+" "+f.Code)
		}
		if s := strings.Join(have, " "); s != want {
			t.Errorf("%s: have %s, want %s", form, s, want)
		}
	}
}

// Children that are replaced under another write: their key names whose they are, at whatever level it is known.
func TestReplacedUnder(t *testing.T) {
	t.Parallel()
	source := func(key, more string) string {
		return `
mapping: m
version: 1
input: {format: json, unused: allow}
write:
  - {as: parcels, to: register, table: PARCEL, mode: upsert, key: NO, each: parcel in form.parcels, when: WHEN, fields: {NO: parcel.no}, returning: ID}
  - {as: rooms, to: register, table: ROOM, under: parcels, mode: replace-children, onMissing: delete, key: K, ` + more + `fields: {K: ` + key + `}}
`
	}
	rooms := "each: room in parcel.rooms, "
	for _, c := range [][4]string{
		{"parcels.ID", rooms, `{"parcels":[{"no":1},{"no":2,"rooms":[1,2]},{"no":3,"rooms":[]}]}`, "(returned parcels[0].ID)!; (returned parcels[1].ID); (returned parcels[1].ID); (returned parcels[2].ID)!"},
		{"parcels.ID", "", `{"parcels":[{"no":1},{"no":2}]}`, "(returned parcels[0].ID); (returned parcels[1].ID)"},
		{"parcels.ID", rooms, `{"parcels":[]}`, ""},
		{"form.case", rooms, `{"case":"C","parcels":[{"no":1},{"no":2,"rooms":[1]}]}`, "C"},
		{"form.case", rooms, `{"case":"C","parcels":[{"no":1},{"no":2}]}`, "C!"},
		{"form.case", "", `{"case":"C","parcels":[]}`, "C!"},
		{"form.case", rooms, `{"case":"C","closed":true,"parcels":[{"no":1,"rooms":[1]}]}`, ""},
	} {
		var have []string
		for _, s := range written(t, strings.Replace(source(c[0], c[1]), "WHEN", "not (form.closed ?? false)", 1), c[2]) {
			if of, is := strings.CutPrefix(s, "rooms "); is {
				have = append(have, of)
			}
		}
		if s := strings.Join(have, "; "); s != c[3] {
			t.Errorf("%s %s %s: have %q, want %q", c[0], c[1], c[2], s, c[3])
		}
	}
}

// A bundle that forms are pinned to keeps what a write is under.
func TestPinnedUnder(t *testing.T) {
	t.Parallel()
	p, err := load.Bundle(mappings.Bundled(t, estate), nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(mappings.Form(t, p, `{"parcels":[{},{"rooms":[{}]}]}`), expr.Input{ID: "1"})
	if err != nil || len(m.Deliveries[0].Records) != 4 {
		t.Fatalf("%v %+v", err, m)
	}
	if v := m.Deliveries[0].Records[3].Values[0]; v != (connectors.Value{Kind: connectors.Reference, Str: "parcels.PARCEL_ID", Int: 2}) {
		t.Errorf("%+v", v)
	}
}
