package mapping

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
)

// catalog is a configuration with two databases and a folder.
type catalog struct{}

func (catalog) Targets() []string { return []string{"register", "archive", "drop"} }

func (catalog) Target(name string) (TargetInfo, bool) {
	switch name {
	case "register", "archive":
		return TargetInfo{Operations: connectors.RowOperations, Returning: true, Binary: true, Results: true}, true
	case "simple":
		return TargetInfo{Operations: connectors.OperationsOf(connectors.Insert)}, true
	case "files":
		return TargetInfo{Results: true, Files: true}, true
	case "drop":
		return TargetInfo{Operations: connectors.OperationsOf(connectors.Put), Binary: true}, true
	}
	return TargetInfo{}, false
}

// benchMapping has 25 columns of the form and six of each dependant, as the project's speed goals say.
const benchMapping = `
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

const saidSchema = `{"type":"object","required":["id"],"properties":{"id":{"type":"string","maxLength":8},"n":{"type":"integer"},"d":{"type":"string","format":"date"},
	"kind":{"enum":["new","old"]},"yes":{"type":"boolean"},"items":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"}}}},"o":{"type":"object","properties":{"p":{"type":"string"}}}}}`

// load makes a plan of a mapping in a text, with further files as name, content pairs.
func load(t *testing.T, src string, more ...string) *Plan {
	t.Helper()
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	p, err := Load(fsys, "m.yaml", nil)
	if err != nil {
		t.Fatalf("\n%v", err)
	}
	return p
}

func decodeForm(t *testing.T, p *Plan, text string) Form {
	t.Helper()
	f, err := p.Decode([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBundleDigest(t *testing.T) {
	t.Parallel()
	src := strings.Replace(benchMapping, "let:", "lookups: {k: {file: k.csv, key: a, value: b}}\nlet:", 1)
	one, same, other := load(t, src, "k.csv", "a,b\n1,2\n"), load(t, src, "k.csv", "a,b\n1,2\n"), load(t, src, "k.csv", "a,b\n1,3\n")
	if one.Digest() != same.Digest() || !bytes.Equal(one.Bundle(), same.Bundle()) {
		t.Error("the same content has two digests")
	}
	if one.Digest() == other.Digest() {
		t.Error("a changed lookup does not change the digest")
	}
}

// blamed says whom an error blames: "form POINTER CODE, …", or "mapping PLACE CODE".
func blamed(err error) string {
	var wrong *MapError
	var fault *Fault
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

// unchecked loads a mapping as one that was pinned before check knew of mistakes like these: they must park.
func unchecked(t *testing.T, text string, more ...string) *Plan {
	t.Helper()
	p, err := LoadBundle(bundled(t, text, more...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bundled makes the bundle of a mapping that is not checked.
func bundled(t *testing.T, text string, more ...string) []byte {
	t.Helper()
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(text)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	f := folderFiles(fsys, "m.yaml")
	for name := range fsys {
		if _, err := f.read(name); err != nil {
			t.Fatal(err)
		}
	}
	return f.bundle()
}
