package setup

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
			"parcels": [{"number": 1, "owners": [{"familyName": "Müller"}]}]}`, `# Made from a sample form: rename tables and columns, give types, remove what is not needed (and list it under ignore).
mapping: permit
version: 1
input:
  format: json
write:
  - as: permit
    to: register
    table: PERMIT
    fields:
      E_MAIL: 'form["e-mail"]'
      META_REFERENCE: form.meta.reference
      "ON": form.on
      TAGS: form.tags | join(", ")
  - as: permit parcels
    to: register
    table: PERMIT_PARCELS
    each: parcelsItem in form.parcels
    fields:
      NUMBER: parcelsItem.number
  - as: permit parcels owners
    to: register
    table: PERMIT_PARCELS_OWNERS
    each: [parcelsItem in form.parcels, ownersItem in parcelsItem.owners]
    fields:
      FAMILY_NAME: ownersItem.familyName
tests:
  - form: form.json
`},
		"lists of one name":        {"form.json", `{"items": [{"items": [{"a": 1}]}], "x": {"items": [{"b": 1}]}, "y": {"items": [{"c": 1}]}}`, ""},
		"keys that are one column": {"form.json", `{"a-b": 1, "a_b": 2, "a.b": 3, "aB": 4}`, ""},
		"keys of strange letters":  {"form.json", `{"größe": 1, "it's": 3, "a: b": "c", "\"": 1, "#": 2, "ä": [{"ö": 1}], "ü": [{"ß": 2}]}`, ""},
		"words of the language":    {"form.json", `{"in": [{"not": 1}], "true": 2, "let": [{"nil": 3}], "form": {"index": [{"form": 1}]}}`, ""},
		"a list of lists":          {"form.json", `{"a": [[1, 2], [3]], "b": [null], "c": null}`, ""},
		"XML":                      {"form.xml", `<form><ref>B-1</ref><parcel><number>1</number></parcel><parcel><number>2</number></parcel></form>`, ""},
	} {
		dir := t.TempDir()
		form, path := filepath.Join(dir, c.file), filepath.Join(dir, "permit.yaml")
		if err := os.WriteFile(form, []byte(c.form), 0o600); err != nil {
			t.Fatal(err)
		}
		a, out := appOf("")
		if err := newMapping(a, path, form, "register", ""); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		says(t, out, "wrote "+path, "inbasket try "+path+" "+form)
		b, err := os.ReadFile(path)
		if err != nil || c.want != "" && string(b) != c.want {
			t.Errorf("%s: %v\n%s", name, err, b)
		}
		if tried, err := try(a, path, form, nil); err != nil || tried.parked != nil || tried.errors != nil {
			t.Errorf("%s: %v %+v\n%s", name, err, tried, b)
		}
		if err := newMapping(a, path, form, "register", ""); cli.FaultOf(orNone(err)).Code != cli.CodeExists {
			t.Errorf("%s: it is written over: %v", name, err)
		}
	}
	a, _ := appOf("{")
	if err := newMapping(a, filepath.Join(t.TempDir(), "m.yaml"), "-", "register", ""); err == nil {
		t.Error("half a form is a form")
	}
}

// TestNames makes columns and variables of what a form calls its fields.
func TestNames(t *testing.T) {
	for key, want := range map[string]string{"familyName": "FAMILY_NAME", "e-mail": "E_MAIL", "URL2": "URL2", "a.b": "A_B", "--": "", "größe": "GR__E", "@version": "VERSION", "HTTPCode": "HTTPCODE"} {
		if got := column(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	for key, want := range map[string]string{"parcels": "parcels", "2nd": "list2nd", "e-mail": "email", "--": "list"} {
		if got := identifier(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	for key, want := range map[string]string{"NO": `"NO"`, "NAME": "NAME", "A B": `"A B"`} {
		if got := quoteKey(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}
