// Package mappings has what tests of mappings share: a configuration, mappings with a place to fill in, and whom an error blames.
package mappings

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/source"
)

// Catalog is a configuration with two databases and a folder.
type Catalog struct{}

func (Catalog) Targets() []string { return []string{"register", "archive", "drop"} }

func (Catalog) Target(name string) (load.TargetInfo, bool) {
	switch name {
	case "register", "archive":
		return load.TargetInfo{Operations: connectors.RowOperations | connectors.OperationsOf(connectors.Call), Returning: true, Binary: true, Results: true}, true
	case "simple":
		return load.TargetInfo{Operations: connectors.OperationsOf(connectors.Insert)}, true
	case "files":
		return load.TargetInfo{Results: true, Files: true}, true
	case "drop":
		return load.TargetInfo{Operations: connectors.OperationsOf(connectors.Put), Binary: true}, true
	}
	return load.TargetInfo{}, false
}

// Bench has 25 columns of the form and six of each dependant, as the project's speed goals say.
const Bench = `
mapping: bench
version: 1
input: {format: json, reference: form.meta.reference}
let: {owner: form.applicant}
write:
  - as: application
    to: register
    table: APPLICATION
    fields:
      FORM_REF: form.meta.reference
      SENT: form.meta.sent
      KIND: form.kind | upper()
      SURNAME: owner.familyName | trim() | upper()
      GIVEN: owner.givenName | trim()
      BORN: owner.birthDate | parseDate("yyyy-MM-dd")
      EMAIL: owner.email | lower()
      PHONE: owner.phone
      STREET: owner.address.street
      HOUSE: owner.address.house
      POSTCODE: owner.address.postcode
      TOWN: owner.address.town
      COUNTRY: owner.address.country
      SITE_STREET: form.site.street
      SITE_TOWN: form.site.town
      SITE_AREA: {value: form.site.area, type: "decimal(12,2)"}
      FEE: {value: form.fee, type: "decimal(9,2)"}
      ROOMS: {value: form.rooms, type: integer}
      FLOORS: {value: form.floors, type: integer}
      HEATING: form.heating
      ROOF: form.roof
      GARAGE: form.garage
      CELLAR: form.cellar
      BANK: form.bank.iban
      NOTES: {value: form.notes, type: text(2000)}
    returning: [CASE_NO]
  - as: dependants
    to: register
    table: DEPENDANT
    each: d in form.dependants
    fields:
      CASE_NO: application.CASE_NO
      LINE_NO: index + 1
      NAME: d.name | trim()
      BORN: d.birthDate | parseDate("yyyy-MM-dd")
      RELATION: d.relation
      INCOME: {value: d.income, type: "decimal(9,2)"}
`

const Schema = `{"type":"object","required":["id"],"properties":{"id":{"type":"string","maxLength":8},"n":{"type":"integer"},"d":{"type":"string","format":"date"},
	"kind":{"enum":["new","old"]},"yes":{"type":"boolean"},"items":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"}}}},"o":{"type":"object","properties":{"p":{"type":"string"}}}}}`

// Doubts are a mapping's warnings but those of what it has and does not use: mappings of tests have more than one of them needs.
func Doubts(p *mapping.Plan) diag.Problems {
	return slices.DeleteFunc(slices.Clone(p.Warnings()), func(w diag.Problem) bool { return w.Code == load.CodeIdle })
}

// Load makes a plan of a mapping in a text, with further files as name, content pairs.
func Load(t *testing.T, src string, more ...string) *mapping.Plan {
	t.Helper()
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	p, err := load.Mapping(fsys, "m.yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	return p
}

func Form(t *testing.T, p *mapping.Plan, text string) mapping.Form {
	t.Helper()
	f, err := p.Decode([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBundleDigest(t *testing.T) {
	t.Parallel()
	src := strings.Replace(Bench, "let:", "lookups: {k: {file: k.csv, key: a, value: b}}\nlet:", 1)
	one, same, other := Load(t, src, "k.csv", "a,b\n1,2\n"), Load(t, src, "k.csv", "a,b\n1,2\n"), Load(t, src, "k.csv", "a,b\n1,3\n")
	if one.Digest() != same.Digest() || !bytes.Equal(one.Bundle(), same.Bundle()) {
		t.Error("the same content has two digests")
	}
	if one.Digest() == other.Digest() {
		t.Error("a changed lookup does not change the digest")
	}
}

// Blamed says whom an error blames: "form POINTER CODE, …", or "mapping PLACE CODE".
func Blamed(err error) string {
	var wrong *mapping.MapError
	var fault *mapping.Fault
	switch {
	case errors.As(err, &wrong):
		var all []string
		for _, f := range wrong.Fields {
			all = append(all, f.Pointer+" "+f.Code)
		}
		return "form " + strings.Join(all, ", ")
	case errors.As(err, &fault) && fault.Limit != "":
		return "limit " + fault.Limit + " at " + fault.At + " " + fault.Pointer
	case errors.As(err, &fault):
		return "mapping " + fault.At + " " + fault.Cause.Code
	case err != nil:
		return err.Error()
	}
	return "nobody"
}

// Unchecked loads a mapping as one that was pinned before check knew of mistakes like these: they must park.
func Unchecked(t *testing.T, text string, more ...string) *mapping.Plan {
	t.Helper()
	p, err := load.Bundle(Bundled(t, text, more...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Bundled makes the bundle of a mapping that is not checked.
func Bundled(t *testing.T, text string, more ...string) []byte {
	t.Helper()
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(text)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	f := source.Folder(fsys, "m.yaml")
	for name := range fsys {
		if _, err := f.Read(name); err != nil {
			t.Fatal(err)
		}
	}
	return f.Bytes()
}

// Parts are the places of a mapping in which a row of the table says something else.
var Parts = map[string]string{
	"field":  "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlookups: {kinds: {values: {new: N, old: O}}}\nwrite:\n  - {as: w, to: register, table: T, fields: {ID: form.id, F: %s}}\n",
	"write":  "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nwrite:\n  - {as: first, to: register, table: U, fields: {ID: form.id}, returning: NO}\n  - {%s}\n",
	"layout": "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlayouts: {l: {%s}}\nwrite:\n  - {as: w, to: drop, layout: l, fields: {A: form.id}}\n",
	"input":  "mapping: m\nversion: 1\ninput: {%s}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\n",
	"top":    "input: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\n%s\n",
	"answer": "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\nanswer: {%s}\n",
}

// Problems are all that is wrong with a mapping that was not loaded.
func Problems(err error) diag.Problems {
	var all diag.Problems
	errors.As(err, &all)
	return all
}
