package author

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/agent/cmd/cli"
)

// TestNewMapping takes every field of a form; what it writes can be loaded and takes the form.
func TestNewMapping(t *testing.T) {
	for name, c := range map[string]struct{ file, form, want string }{
		"blocks, lists and lists in lists": {"form.json", `{"meta": {"reference": "B-1"}, "on": true, "e-mail": "a@b", "tags": ["x"], "none": [],
			"parcels": [{"number": 1, "owners": [{"familyName": "Müller"}]}]}`, `# yaml-language-server: $schema=mapping.schema.json
# That file is for editors: inbasket schema mapping > mapping.schema.json
# Proposals by name and type: look at each. What is marked TODO could not be proposed.
mapping: permit
version: 1
input:
  format: json
  reference: form.meta.reference # proposed by its name: is it the sender's own, and another one in each form?
write:
  - as: permit
    to: register
    table: PERMIT
    key: [META_REFERENCE]
    fields:
      E_MAIL:         form["e-mail"]
      META_REFERENCE: form.meta.reference
      'ON':           form.on
      TAGS:           form.tags | join(", ")
  - as: parcels
    to: register
    table: PERMIT_PARCELS
    each: parcelsItem in form.parcels
    fields:
      META_REFERENCE: form.meta.reference
      NUMBER:         parcelsItem.number
  - as: owners
    to: register
    table: PERMIT_PARCELS_OWNERS
    each: [parcelsItem in form.parcels, ownersItem in parcelsItem.owners]
    fields:
      META_REFERENCE: form.meta.reference
      FAMILY_NAME:    ownersItem.familyName
ignore:
  # - form.none # TODO write it to a column, or ignore it: no sample has an item in it
tests:
  - form: form.json
`},
		"lists of one name":        {"form.json", `{"items": [{"items": [{"a": 1}]}], "x": {"items": [{"b": 1}]}, "y": {"items": [{"c": 1}]}}`, ""},
		"keys that are one column": {"form.json", `{"a-b": 1, "a_b": 2, "a.b": 3, "aB": 4}`, ""},
		"keys of strange letters":  {"form.json", `{"größe": 1, "it's": 3, "a: b": "c", "\"": 1, "#": 2, "ä": [{"ö": 1}], "ü": [{"ß": 2}]}`, ""},
		"words of the language":    {"form.json", `{"in": [{"not": 1}], "true": 2, "let": [{"nil": 3}], "form": {"index": [{"form": 1}]}}`, ""},
		"a list of lists":          {"form.json", `{"a": [[1, 2], [3]], "b": [null], "c": null}`, ""},
		"a form that is a list":    {"form.json", `[{"a": 1, "b": [{"c": 1}]}, {"d": 2, "b": [{"e": 1}, {"c": 2}]}]`, ""},
		"a list of texts":          {"form.json", `["a", "b"]`, ""},
		"items that differ":        {"form.json", `{"a": [{"b": 1}, {"c": "x", "d": {"e": true}}]}`, ""},
		"lists of one table":       {"form.json", `{"x": {"items": [{"a": 1}]}, "x_items": [{"b": 1}]}`, ""},
		"words that YAML misreads": {"form.json", `{"a: b #c": 1, "- x": 2, "null": [{"~": 1}], "1.5": 3, "new\nline": 4}`, ""},
		"Open Forms": {"form.json", `{"values": {"surname": "x"}, "values_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"surname": {"type": "string"}, "age": {"type": "integer"}}},
			"metadata": {"public_reference": "OF-1"}, "metadata_schema": {"type": "object", "properties": {"public_reference": {"type": "string"}}}}`, `# yaml-language-server: $schema=mapping.schema.json
# That file is for editors: inbasket schema mapping > mapping.schema.json
# Proposals by name and type: look at each. What is marked TODO could not be proposed.
mapping: permit
version: 1
input:
  format: json
  shape: open-forms # told by what stands in the form
  reference: form.meta.metadata.public_reference # proposed by its name: is it the sender's own, and another one in each form?
  same: [form.answers] # the rest is new at every attempt
write:
  - as: permit
    to: register
    table: PERMIT
    key: [META_METADATA_PUBLIC_REFERENCE]
    fields:
      AGE:                            form.answers.age
      SURNAME:                        form.answers.surname
      META_METADATA_PUBLIC_REFERENCE: form.meta.metadata.public_reference
ignore:
  - form.meta.metadata_schema # the form's own schema, by which the columns were proposed
  - form.meta.values_schema # the form's own schema, by which the columns were proposed
tests:
  - form: form.json
`},
		"XML": {"form.xml", `<form><ref>B-1</ref><parcel><number>1</number></parcel><parcel><number>2</number></parcel></form>`, ""},
	} {
		dir := t.TempDir()
		form, path := filepath.Join(dir, c.file), filepath.Join(dir, "permit.yaml")
		if err := os.WriteFile(form, []byte(c.form), 0o600); err != nil {
			t.Fatal(err)
		}
		a, out := appOf("")
		if err := newMapping(t.Context(), a, sketched{path: path, forms: []string{form}, target: "register"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		says(t, out, "wrote "+path, "inbasket try "+path+" "+form)
		b, err := os.ReadFile(path)
		if err != nil || c.want != "" && string(b) != c.want {
			t.Errorf("%s: %v\n%s", name, err, b)
		}
		if tried, err := try(a, path, form, 0, nil); err != nil || tried.parked != nil || tried.errors != nil {
			t.Errorf("%s: %v %+v\n%s", name, err, tried, b)
		}
		if err := newMapping(t.Context(), a, sketched{path: path, forms: []string{form}, target: "register"}); cli.FaultOf(orNone(err)).Code != cli.CodeExists {
			t.Errorf("%s: it is written over: %v", name, err)
		}
	}
	a, _ := appOf("{")
	if err := newMapping(t.Context(), a, sketched{path: filepath.Join(t.TempDir(), "m.yaml"), forms: []string{"-"}, target: "register"}); err == nil {
		t.Error("half a form is a form")
	}
	a, _ = appOf("{}")
	if err := newMapping(t.Context(), a, sketched{path: filepath.Join(t.TempDir(), "m.yaml"), forms: []string{"-"}, target: "register"}); cli.FaultOf(orNone(err)).Exit != cli.ExitUsage {
		t.Errorf("a form without fields: %v", err)
	}
}

// TestTryAt shows one form of a file of several, by its line.
func TestTryAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	form, path := filepath.Join(dir, "forms.csv"), filepath.Join(dir, "permit.yaml")
	if err := os.WriteFile(form, []byte("ref,name\nR-1,Anna\n\nR-2\nR-3,Eva\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = "mapping: permit\nversion: 1\ninput: {format: csv, forms: form, reference: form.ref}\n" +
		"write: [{as: a, to: r, table: T, fields: {REF: form.ref, NAME: form.name}}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int]string{0: "the file has 3 forms, from 2 to 5: name one by --at", 2: "R-1", 4: "line 2, column 1: the line has 1 fields, the header 2", 5: "R-3"} {
		a, _ := appOf("")
		got, err := try(a, path, form, at, nil)
		told := ""
		switch {
		case err != nil:
			told = err.Error()
		case got.errors != nil:
			told = got.errors[0].Message
		default:
			told = got.input.Reference
		}
		if told != want {
			t.Errorf("%d: %s", at, told)
		}
	}
}
