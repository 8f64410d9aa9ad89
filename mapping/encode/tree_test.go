package encode

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// treeRecords are one case with two plots, of which the first has two rooms.
func treeRecords() []connectors.Record {
	of := func(write string, under int64, values ...connectors.Value) connectors.Record {
		return connectors.Record{Shape: treeShapes[write], Values: values, Under: under}
	}
	return []connectors.Record{
		of("case", 0, text("A<1"), missing, null, text("x")), of("plot", 1, integer(7)), of("plot", 1, integer(8)),
		of("room", 1, text("hall")), of("room", 1, missing), of("extra", 0, text("e")),
	}
}

var treeShapes = map[string]*connectors.Shape{"case": {Write: "case", Fields: []string{"REF", "NAME", "NOTE", "KIND"}}, "plot": {Write: "plot", Fields: []string{"N"}},
	"room": {Write: "room", Fields: []string{"NAME"}}, "extra": {Write: "extra", Fields: []string{"E"}}}

// trees are layouts and the file that they make of the records: or ! and what is wrong.
var trees = []struct{ name, layout, want string }{
	{"elements, attributes, lists and what is left out", `format: xml
xml: {document: true, namespace: "urn:a", no-declaration: true}
records:
  case:
    element: Case
    fields: [{value: "2", xml: "@version"}, {name: REF, xml: Head/@ref}, {value: "1", xml: Head/Id/@kind}, {name: KIND, xml: Head/Id}, {name: NAME, xml: Head/Who/Name}, {value: z, xml: Head/Gone/@a}, {name: NOTE, xml: Head/Gone},
      {records: plot, xml: Plots}, {value: "urn:b", xml: "b:More/@xmlns:b"}, {records: extra, xml: "b:More"}, {value: "", xml: End}]
  plot: {element: Plot, fields: [{name: N, xml: "@n"}, {records: room}]}
  room: {element: Room, fields: [{name: NAME, xml: Name}]}
  extra: {element: Extra, fields: [{name: E, xml: Deep/er}]}`,
		`<Case xmlns="urn:a" version="2">
  <Head ref="A&lt;1">
    <Id kind="1">x</Id>
  </Head>
  <Plots>
    <Plot n="7">
      <Room>
        <Name>hall</Name>
      </Room>
      <Room>
      </Room>
    </Plot>
    <Plot n="8">
    </Plot>
  </Plots>
  <b:More xmlns:b="urn:b">
    <Extra>
      <Deep>
        <er>e</er>
      </Deep>
    </Extra>
  </b:More>
  <End/>
</Case>
`},
	{"objects and lists", `format: json
json: {style: document}
records:
  case: {fields: [{name: REF, json: head/ref}, {name: NAME, json: head/who/name}, {name: NOTE}, {name: KIND, json: kind}, {records: plot, json: land/plots}, {records: extra, json: extras}]}
  plot: {fields: [{name: N, type: integer}, {records: room, json: rooms}]}
  room: {fields: [{name: NAME, json: name}]}
  extra: {fields: [{name: E}]}`,
		`{"head":{"ref":"A<1"},"NOTE":null,"kind":"x","land":{"plots":[{"N":7,"rooms":[{"name":"hall"},{}]},{"N":8,"rooms":[]}]},"extras":[{"E":"e"}]}
`},
	{"records in others of a list", `format: json
records:
  case: {fields: [{name: REF}, {name: NAME}, {name: NOTE}, {name: KIND}, {records: plot, json: plots}]}
  plot: {fields: [{name: N}, {records: room, json: rooms}]}
  room: {fields: [{name: NAME}]}
  extra: {fields: [{name: E}]}`,
		`[
{"REF":"A<1","NOTE":null,"KIND":"x","plots":[{"N":"7","rooms":[{"NAME":"hall"},{}]},{"N":"8","rooms":[]}]},
{"E":"e"}
]
`},
	{"records that stand in several others", `format: json
records:
  case: {fields: [{name: REF}, {name: NAME}, {name: NOTE}, {name: KIND}, {records: room, json: rooms}]}
  plot: {fields: [{name: N}, {records: extra, json: extras}]}
  room: {fields: [{name: NAME}, {records: plot, json: plots}]}
  extra: {fields: [{name: E}]}`,
		`!extra: the record stands in none of the others, or in several`},
	{"records that stand in none", `format: json
records:
  case: {fields: [{name: REF}, {name: NAME}, {name: NOTE}, {name: KIND}, {records: plot, json: plots}]}
  plot: {fields: [{name: N}]}
  room: {fields: [{name: NAME}, {records: extra, json: extras}]}
  extra: {fields: [{name: E}]}`,
		`!extra: the record stands in none of the others, or in several`},
	{"a required field of an inner record", `format: xml
records:
  case: {fields: [{name: REF}, {name: NAME}, {name: NOTE}, {name: KIND}, {records: plot}, {records: extra}]}
  plot: {fields: [{name: N}, {records: room}]}
  room: {fields: [{name: NAME, required: true}]}
  extra: {fields: [{name: E}]}`,
		`!room.NAME: the field is required and has no value`},
}

func blockLayout(t testing.TB, yaml string) Spec {
	t.Helper()
	file, problems := diag.Parse("layout.yaml", []byte(yaml))
	var s Spec
	if problems = append(problems, file.Decode(&s)...); len(problems) > 0 {
		t.Fatalf("%s\n%v", yaml, problems)
	}
	return s
}

func TestTrees(t *testing.T) {
	t.Parallel()
	for _, c := range trees {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, problems := NewLayout(blockLayout(t, c.layout))
			if l == nil {
				t.Fatal(problems)
			}
			if wrong := l.Rehearse(); len(wrong) > 0 {
				t.Error(wrong)
			}
			have := ""
			piece, err := l.Encode(treeRecords())
			if err == nil {
				var file []byte
				file, err = l.File(Header{}, []Piece{piece})
				have = string(file)
			}
			if err != nil {
				have = "!" + err.Error()
			}
			if have != c.want {
				t.Errorf("have\n%s\nwant\n%s", have, c.want)
			}
			if err == nil && piece.Records != 6 {
				t.Errorf("%d records are counted", piece.Records)
			}
		})
	}
}

// A second root is refused, whatever gives it.
func TestSecondRoot(t *testing.T) {
	t.Parallel()
	l, problems := NewLayout(blockLayout(t, "format: xml\nxml: {document: true}\nrecords: {plot: {fields: [{name: N}]}}"))
	if l == nil {
		t.Fatal(problems)
	}
	if _, err := l.Encode(treeRecords()[1:3]); err == nil || !strings.Contains(err.Error(), "a document is one record, and this is a second") {
		t.Error(err)
	}
}
