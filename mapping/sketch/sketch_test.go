package sketch

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/schema"
)

// permits is a register as its catalogue describes it.
var permits = []connectors.Table{
	{Name: "APPLICATION", Keys: [][]string{{"CASE_NO"}, {"FORM_REF"}}, Columns: []connectors.Column{
		{Name: "CASE_NO", Type: "integer", Kind: connectors.Integer, Numbered: true},
		{Name: "FORM_REF", Type: "varchar(20)", Kind: connectors.Text, Length: 20, Required: true},
		{Name: "SURNAME", Type: "varchar(40)", Kind: connectors.Text, Length: 40, Required: true},
		{Name: "FIRST_NAME", Type: "varchar(40)", Kind: connectors.Text, Length: 40},
		{Name: "DATE_OF_BIRTH", Type: "date", Kind: connectors.Date},
		{Name: "APPLICANT_TOWN", Type: "text", Kind: connectors.Text},
		{Name: "NACHNAME", Type: "varchar(40)", Kind: connectors.Text, Length: 40, Required: true},
		{Name: "PHONE", Type: "varchar(30)", Kind: connectors.Text, Length: 30},
		{Name: "POWER", Type: "char(1)", Kind: connectors.Text, Length: 1, Required: true},
		{Name: "FEE", Type: "decimal(9,2)", Kind: connectors.Decimal, Digits: 9, Scale: 2},
		{Name: "TOTAL", Type: "decimal(9,2)", Kind: connectors.Decimal, Computed: true}}},
	{Name: "APPLICATION_PARCEL", Parents: []string{"APPLICATION"}, Keys: [][]string{{"CASE_NO", "LINE_NO"}}, Columns: []connectors.Column{
		{Name: "CASE_NO", Type: "integer", Kind: connectors.Integer, Required: true},
		{Name: "LINE_NO", Type: "integer", Kind: connectors.Integer, Required: true},
		{Name: "PARCEL_NUMBER", Type: "varchar(10)", Kind: connectors.Text, Length: 10},
		{Name: "AREA", Type: "decimal", Kind: connectors.Decimal}}},
	{Name: "PARCEL_OWNER", Parents: []string{"APPLICATION_PARCEL"}, Keys: [][]string{{"CASE_NO", "LINE_NO", "OWNER_NO"}}, Columns: []connectors.Column{
		{Name: "CASE_NO", Type: "integer", Kind: connectors.Integer, Required: true},
		{Name: "LINE_NO", Type: "integer", Kind: connectors.Integer, Required: true},
		{Name: "OWNER_NO", Type: "integer", Kind: connectors.Integer, Required: true},
		{Name: "NAME", Type: "text", Kind: connectors.Text}}},
	{Name: "NOTE", Columns: []connectors.Column{{Name: "TEXT", Kind: connectors.Text}}},
}

const permit = `{"formRef": "BP-1", "applicant": {"surname": "M", "name": {"first": "E"}, "date-of-birth": "1980-02-29", "town": "x", "phone": "1"},
	"agent": {"phone": "2"}, "power": true, "fee": 12.5, "nickname": "y", "none": [],
	"parcels": [{"number": "1", "area": 1}, {"number": "2", "owners": [{"name": "z"}]}], "dogs": [{"name": "Rex"}]}`

// TestMakeForTables proposes what names and types agree about, and nothing else.
func TestMakeForTables(t *testing.T) {
	t.Parallel()
	f, err := BySamples("json", [][]byte{[]byte(permit)})
	if err != nil {
		t.Fatal(err)
	}
	made := Make(Input{File: "permit", Target: "register", Form: f, Table: "application", Tables: permits})
	_, text, _ := strings.Cut(string(made.Text), "could not be proposed.\n")
	want := `mapping: permit
version: 1
input:
  format: json
  # TODO reference: the field with the sender's own number; without one a form is known by its file's name or its bytes
write:
  - as: permit
    to: register
    table: APPLICATION
    key: [FORM_REF]
    fields:
      FORM_REF:       {value: form.formRef, type: text(20)}
      SURNAME:        {value: form.applicant.surname, type: text(40)}
      FIRST_NAME:     {value: form.applicant.name.first, type: text(40)}
      DATE_OF_BIRTH:  form.applicant["date-of-birth"] | parseDate()
      APPLICANT_TOWN: form.applicant.town
      NACHNAME:       TODO # varchar(40), must have a value: no field of the form is like it
      POWER:          TODO # char(1), must have a value: form.power: it is of type boolean
      FEE:            {value: form.fee, type: 'decimal(9,2)'}
      # PHONE: TODO varchar(30): form.agent.phone or form.applicant.phone
    returning: [CASE_NO]
  - as: parcels
    to: register
    table: APPLICATION_PARCEL
    key: [CASE_NO, LINE_NO]
    each: parcelsItem in form.parcels
    fields:
      CASE_NO:       permit.CASE_NO
      LINE_NO:       index + 1
      PARCEL_NUMBER: {value: parcelsItem.number, type: text(10)}
      AREA:          parcelsItem.area
  - as: owners
    to: register
    table: PARCEL_OWNER
    each: [parcelsItem in form.parcels, ownersItem in parcelsItem.owners]
    fields:
      CASE_NO:  permit.CASE_NO
      LINE_NO:  TODO # integer, must have a value: parcels counts it by its own index
      OWNER_NO: TODO # integer, must have a value: no field of the form is like it
      NAME:     ownersItem.name
ignore:
  # - form.agent.phone # TODO write it to a column, or ignore it: no column is like it
  # - form.applicant.phone # TODO write it to a column, or ignore it: no column is like it
  # - form.dogs.name # TODO write it to a column, or ignore it: no table is like the list dogs
  # - form.nickname # TODO write it to a column, or ignore it: no column is like it
  # - form.none # TODO write it to a column, or ignore it: no sample has an item in it
  # - form.power # TODO write it to a column, or ignore it: no column is like it
`
	if text != want {
		t.Errorf("%s", cmp.Diff(want, text))
	}
	if made.Open != 12 {
		t.Errorf("%d things are left to do", made.Open)
	}
	if got := ListTables(f, []string{"APPLICATION", "APPLICATION_PARCEL", "s.PARCEL_OWNERS", "NOTE", "DOG"}); !slices.Equal(got, []string{"APPLICATION_PARCEL", "s.PARCEL_OWNERS", "DOG"}) {
		t.Errorf("tables that may be lists': %v", got)
	}
}

// TestTables chooses a table for a list only where no other is meant.
func TestTables(t *testing.T) {
	t.Parallel()
	text := []connectors.Column{{Name: "NAME", Kind: connectors.Text}}
	table := func(name string, parents ...string) connectors.Table {
		return connectors.Table{Name: name, Parents: parents, Columns: text}
	}
	for _, c := range []struct {
		name, form string
		tables     []connectors.Table
		lists      map[string]string
		want       []string
	}{
		{"the one that is like it", `{"name": "x", "dogs": [{"name": "y"}]}`, []connectors.Table{table("T"), table("T_DOG"), table("CAT")}, nil, []string{"T", "T_DOG"}},
		{"the one that is below", `{"name": "x", "dogs": [{"name": "y"}]}`, []connectors.Table{table("T"), table("OLD_DOG"), table("DOG", "T")}, nil, []string{"T", "DOG"}},
		{"two that are like it", `{"name": "x", "dogs": [{"name": "y"}]}`, []connectors.Table{table("T"), table("OLD_DOG"), table("DOG")}, nil, []string{"T"}},
		{"two lists for one table", `{"name": "x", "a": {"dogs": [{"name": "y"}]}, "b": {"dogs": [{"name": "y"}]}}`, []connectors.Table{table("T"), table("DOG")}, nil, []string{"T"}},
		{"as it is said", `{"name": "x", "dogs": [{"name": "y"}]}`, []connectors.Table{table("T"), table("HUND")}, map[string]string{"dogs": "hund"}, []string{"T", "HUND"}},
		{"the form's own table is no list's", `{"name": "x", "t": [{"name": "y"}]}`, []connectors.Table{table("T")}, nil, []string{"T"}},
		{"of the form alone", `{"reference": "x", "dogs": [{"name": "y"}]}`, []connectors.Table{{Name: "T", Columns: []connectors.Column{{Name: "REF", Kind: connectors.Text}}}}, nil, []string{"T"}},
		{"a form that is a list", `[{"name": "x", "dogs": [{"name": "y"}]}]`, []connectors.Table{table("T"), table("DOG")}, nil, []string{"T", "DOG"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := BySamples("json", [][]byte{[]byte(c.form)})
			if err != nil {
				t.Fatal(err)
			}
			made := string(Make(Input{File: "m", Form: f, Table: "T", Tables: c.tables, Lists: c.lists}).Text)
			var got []string
			for _, line := range strings.Split(made, "\n") {
				if name, ok := strings.CutPrefix(line, "    table: "); ok {
					got = append(got, name)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v\n%s", got, c.want, made)
			}
		})
	}
}

// TestLikeness tells how surely names mean the same.
func TestLikeness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, list, column string
		want               int
	}{
		{"surname", "", "SURNAME", 4},
		{"applicant.surname", "", "SURNAME", 2},
		{"applicant.date_of_birth", "", "DATE_OF_BIRTH", 2},
		{"applicant.dateOfBirth", "", "DATEOFBIRTH", 2},
		{"applicant.date-of-birth", "", "ApplicantDateOfBirth", 4},
		{"applicant.name.first", "", "FIRST_NAME", 1},
		{"name.first", "", "FIRST_NAME", 3},
		{"number", "parcels", "PARCEL_NUMBER", 4},
		{"straße", "", "STRASSE", 4},
		{"größe", "", "GROESSE", 4},
		{"prénom", "", "PRENOM", 4},
		{"familyName", "", "NACHNAME", 0},
		{"familyName", "", "NAME", 0},
		{"name", "", "FAMILY_NAME", 0},
		{"", "", "X", 0},
	} {
		t.Run(c.path+" "+c.column, func(t *testing.T) {
			t.Parallel()
			var path []string
			if c.path != "" {
				path = strings.Split(c.path, ".")
			}
			if got := likeness(path, c.list, c.column); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// TestConvert makes of a field what its column takes, and of others nothing.
func TestConvert(t *testing.T) {
	t.Parallel()
	col := func(k connectors.Kind) connectors.Column { return connectors.Column{Kind: k} }
	for _, c := range []struct {
		samples string // JSON, one a line
		column  connectors.Column
		want    string // expression; or ! and why not
		typ     string
	}{
		{`"x"`, col(connectors.Text), "form.x", ""},
		{`"x"`, connectors.Column{Kind: connectors.Text, Length: 5}, "form.x", "text(5)"},
		{`12`, connectors.Column{Kind: connectors.Text, Length: 5}, "form.x | text()", "text(5)"},
		{`true`, col(connectors.Text), "!it is of type boolean", ""},
		{`["a"]`, col(connectors.Text), `form.x | join(", ")`, ""},
		{`12`, col(connectors.Integer), "form.x", ""},
		{`"12"`, col(connectors.Integer), "form.x | integer()", ""},
		{`"012"`, col(connectors.Integer), "!" + otherReading, ""},
		{"\"12\"\n\"x\"", col(connectors.Integer), "!" + otherReading, ""},
		{`true`, col(connectors.Integer), "form.x", ""},
		{`1.5`, connectors.Column{Kind: connectors.Decimal, Digits: 9, Scale: 2}, "form.x", "decimal(9,2)"},
		{`"1.50"`, col(connectors.Decimal), "form.x | decimal()", ""},
		{`"1,50"`, col(connectors.Decimal), `form.x | decimal(",")`, ""},
		{`"1.234,50"`, col(connectors.Decimal), "!" + otherReading, ""},
		{`true`, col(connectors.Boolean), "form.x", ""},
		{`"yes"`, col(connectors.Boolean), "!it is of type string", ""},
		{`"1980-02-29"`, col(connectors.Date), "form.x | parseDate()", ""},
		{`"29.02.1980"`, col(connectors.Date), `form.x | parseDate("dd.MM.yyyy")`, ""},
		{`"02/03/1980"`, col(connectors.Date), "!" + otherReading, ""},
		{`1`, col(connectors.Date), "!it is of type integer", ""},
		{`"2026-05-04T09:30:00+02:00"`, col(connectors.DateTime), `form.x | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own")`, ""},
		{`"2026-05-04T09:30:00.123Z"`, col(connectors.DateTime), `form.x | parseDateTime("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "own")`, ""},
		{`"2026-05-04T09:30:00"`, col(connectors.DateTime), "!" + otherReading, ""},
		{`null`, col(connectors.Date), "form.x", ""},
		{`"x"`, col(connectors.Missing), "form.x", ""},
		{`"eA=="`, col(connectors.Binary), "!it is of type string", ""},
	} {
		t.Run(c.samples+" to "+string('0'+rune(c.column.Kind)), func(t *testing.T) {
			t.Parallel()
			var forms [][]byte
			for _, v := range strings.Split(c.samples, "\n") {
				forms = append(forms, []byte(`{"x": `+v+`}`))
			}
			f, err := BySamples("json", forms)
			if err != nil {
				t.Fatal(err)
			}
			s := &sketcher{in: Input{Form: f}, given: map[string]bool{}}
			b := &block{}
			s.collect(b, f.Fields, way{"form", "form", nil})
			expression, typ, why := convert(b.leaves[0], c.column)
			if why != "" {
				expression = "!" + why
			}
			if expression != c.want || typ != c.typ {
				t.Errorf("%s %s, want %s %s", expression, typ, c.want, c.typ)
			}
		})
	}
}

// TestReference proposes what its name says and samples do not contradict.
func TestReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		forms []string
		want  string
	}{
		{"by its name", []string{`{"reference": "A"}`}, "form.reference"},
		{"below a head", []string{`{"meta": {"id": "A"}, "x": {"id": "B"}}`}, "form.meta.id"},
		{"of metadata", []string{`{"metadata": {"public_reference": "A"}}`}, "form.metadata.public_reference"},
		{"the surest", []string{`{"id": "1", "referenceNumber": "2"}`}, "form.referenceNumber"},
		{"a number", []string{`{"case-no": 1, "caseNumber": 7}`}, "form.caseNumber | text()"},
		{"the form's own identity is none", []string{`{"formId": "A", "form": {"id": "B"}, "owner": {"id": "C"}}`}, ""},
		{"the same in two samples", []string{`{"id": "A"}`, `{"id": "A"}`}, ""},
		{"not in each sample", []string{`{"id": "A"}`, `{"x": "A"}`}, ""},
		{"empty", []string{`{"id": ""}`}, ""},
		{"another one in each sample", []string{`{"id": "A"}`, `{"id": "B"}`}, "form.id"},
		{"of items of a list", []string{`{"dogs": [{"reference": "A"}]}`}, ""},
		{"of a form that is a list", []string{`[{"reference": "A"}]`}, ""},
		{"true or false", []string{`{"reference": true}`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var forms [][]byte
			for _, f := range c.forms {
				forms = append(forms, []byte(f))
			}
			f, err := BySamples("json", forms)
			if err != nil {
				t.Fatal(err)
			}
			if got := Make(Input{File: "m", Form: f}).Reference; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// fieldsIn lists what is known of a form: expressions with types.
func fieldsIn(f *Form) (out []string) {
	s := &sketcher{in: Input{Form: f}, given: map[string]bool{}}
	b := &block{}
	s.blocks = []*block{b}
	s.collect(b, f.Fields, way{"form", "form", nil})
	for _, b := range s.blocks {
		for _, l := range b.leaves {
			out = append(out, strings.Join(strings.Fields(l.form+" "+strings.Join(scalars(l.at), ",")+" "+l.why), " "))
		}
	}
	slices.Sort(out)
	return out
}

// TestFields unites samples, and takes schemas that a form carries for its own fields.
func TestFields(t *testing.T) {
	t.Parallel()
	const values = `"values": {"surname": "x"}, "values_schema": {"type": "object", "properties": {"surname": {"type": "string", "maxLength": 30}, "age": {"type": "integer"}}}`
	for _, c := range []struct {
		name   string
		forms  []string
		want   []string
		schema []string
	}{
		{"items that differ", []string{`{"a": [{"x": 1}, {"y": "t"}]}`}, []string{"form.a.x integer", "form.a.y string"}, nil},
		{"samples that differ", []string{`{"a": 1, "b": []}`, `{"a": 1.5, "b": [{"c": null}]}`}, []string{"form.a number", "form.b.c"}, nil},
		{"a list of lists", []string{`[[1], ["x"]]`}, []string{"form its items are a number and a text"}, nil},
		{"an object or a text", []string{`{"a": {"b": 1}}`, `{"a": "x"}`}, []string{"form.a string it is an object in one form and a text in another; form.a.b ?? form.a reads both"}, nil},
		{"Open Forms", []string{`{` + values + `, "metadata": {"id": "7"}}`}, []string{"form.answers.age integer", "form.answers.surname string", "form.meta.metadata.id string"}, []string{"form.meta.values_schema"}},
		{"a schema without a name of its own", []string{`{"data": {"n": 1}, "other": {"m": 1}, "schema": {"type": "object", "properties": {"n": {"type": "number"}, "k": {"type": "string"}}}}`},
			[]string{"form.data.k string", "form.data.n number", "form.other.m integer"}, []string{"form.schema"}},
		{"a schema of nothing", []string{`{"schema": {"type": "object", "properties": {"n": {"type": "number"}}}, "x": 1}`}, []string{"form.schema.properties.n.type string", "form.schema.type string", "form.x integer"}, nil},
		{"a schema that is none", []string{`{"data": {"n": 1}, "data_schema": {"type": "object", "properties": {"n": {"type": "nonsense"}}}}`},
			[]string{"form.data.n integer", "form.data_schema.properties.n.type string", "form.data_schema.type string"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var forms [][]byte
			for _, f := range c.forms {
				forms = append(forms, []byte(f))
			}
			f, err := BySamples("json", forms)
			if err != nil {
				t.Fatal(err)
			}
			if got := fieldsIn(f); !slices.Equal(got, c.want) || !slices.Equal(f.Schemas, c.schema) {
				t.Errorf("%s %v", cmp.Diff(c.want, got), f.Schemas)
			}
		})
	}
}

// TestFieldsOfXML has an element be a list in all samples if it is one in any.
func TestFieldsOfXML(t *testing.T) {
	t.Parallel()
	f, err := BySamples("xml", [][]byte{[]byte(`<f><dog><name>Rex</name></dog></f>`), []byte(`<f><dog><name>Rex</name></dog><dog><name>Bo</name></dog></f>`)})
	if err != nil || !slices.Equal(f.Lists, []string{"dog"}) || !slices.Equal(fieldsIn(f), []string{"form.dog.name string"}) {
		t.Errorf("%v %+v %v", err, f, fieldsIn(f))
	}
	if _, err := BySamples("xml", [][]byte{[]byte(`<f>`)}); err == nil {
		t.Error("half a sample is one")
	}
}

// TestFieldsOfSchema takes a schema's word for what there is, and tells what a sample has beyond it.
func TestFieldsOfSchema(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(map[string]any{"type": "object", "properties": map[string]any{
		"a": map[string]any{"type": []string{"string", "null"}, "maxLength": 9}, "id": map[string]any{"enum": []string{"x", "y"}},
		"l":    map[string]any{"type": "array", "items": map[string]any{"type": "object", "properties": map[string]any{"b": map[string]any{"format": "date", "type": "string"}}}},
		"open": map[string]any{"type": "object"}, "tree": map[string]any{"$ref": "#"}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.New("s.json", func(string) ([]byte, error) { return raw, nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := BySchema("json", s, [][]byte{[]byte(`{"a": "x", "id": "x", "l": [{"b": "2026-01-31", "c": 1}], "z": 1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Extra, []string{"form.l.c", "form.z"}) {
		t.Errorf("beyond the schema: %v", f.Extra)
	}
	l := f.Fields.Below["l"].Items.Below["b"]
	if f.Fields.Below["a"].Longest != 9 || !f.Fields.Below["id"].Fixed || l.Format != "date" || !slices.Equal(l.Samples, []string{"2026-01-31"}) {
		t.Errorf("%+v %+v", f.Fields.Below["a"], l)
	}
	if made := Make(Input{File: "m", Form: f}); made.Reference != "" {
		t.Errorf("one of two words is a reference: %s", made.Reference)
	}
}

// TestNames makes names of mappings, columns and variables of what files and fields are called.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   func(string) string
		from map[string]string
	}{
		{column, map[string]string{"familyName": "FAMILY_NAME", "e-mail": "E_MAIL", "URL2": "URL2", "a.b": "A_B", "--": "", "größe": "GROESSE", "@version": "VERSION", "HTTPCode": "HTTPCODE", "née": "NEE", "имя": ""}},
		{func(s string) string { return identifier(s, "list") }, map[string]string{"parcels": "parcels", "2nd": "list2nd", "e-mail": "email", "--": "list", "größe": "groesse"}},
		{MappingName, map[string]string{"10-10CG_x": "10-10cg_x", "Größe (neu)": "groesse--neu", "": "mapping", "...": "mapping", strings.Repeat("x", 80): strings.Repeat("x", 64)}},
		{func(s string) string { return text(s, false) }, map[string]string{"NO": "'NO'", "NAME": "NAME", "A B": "A B", "a: b": "'a: b'", "a #b": "'a #b'", "it's": "it's", "1": "'1'", "": "''", "a\nb": `"a\nb"`, "a:": "'a:'"}},
		{func(s string) string { return text(s, true) }, map[string]string{"a, b": "'a, b'", `form["x"]`: `'form["x"]'`, "a in b": "a in b"}},
		{singular, map[string]string{"parcels": "parcel", "properties": "property", "address": "address", "dog": "dog"}},
	} {
		for from, want := range c.from {
			if got := c.of(from); got != want {
				t.Errorf("%q: %q, want %q", from, got, want)
			}
		}
	}
}

// TestFieldsOfCSV takes each line of CSV for a form, and tells what divides its columns.
func TestFieldsOfCSV(t *testing.T) {
	t.Parallel()
	f, err := BySamples("csv", [][]byte{[]byte("formRef;surname;fee\nA-1;Sand;\"1,5\"\nA-2;Kaya;2\n")})
	if err != nil {
		t.Fatal(err)
	}
	text := string(Make(Input{File: "permit", Target: "register", Form: f, Tests: []string{"a.csv"}}).Text)
	for _, want := range []string{"format: csv\n  forms: form ", "csv: {delimiter: ';'}", "FEE:      form.fee"} {
		if !strings.Contains(text, want) {
			t.Errorf("without %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "tests:") {
		t.Error(text)
	}
}
