package load_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const keysSchema = `{"type":"object","properties":{"name":{"type":"string"},"plate":{"type":["string","null"]},"kind":{"enum":["a","b"]},"size":{"type":"integer"},
  "owner":{"type":"object","properties":{"tax":{"type":"string"}}},"cars":{"type":"array","items":{"type":"object","properties":{"plate":{"type":"string"}}}}},"additionalProperties":false}`

// TestSearchKeys is what keys of a mapping give of forms, and what check says of keys.
func TestSearchKeys(t *testing.T) {
	t.Parallel()
	const rest = "ignore: [form.owner.tax, form.cars.plate, form.plate, form.kind, form.size]\n"
	returned := map[string]connectors.Value{"w.ID": {Kind: connectors.Integer, Int: 4711}}
	long := strings.Repeat("x", 201)
	many := `{"cars":[` + strings.TrimSuffix(strings.Repeat(`{"plate":"x"},`, 101), ",") + `]}`
	for name, c := range map[string]struct {
		keys, form string
		returned   map[string]connectors.Value
		want       string
		id         string
	}{
		"plain":                    {"{plate: form.plate}", `{"plate":"B-AB 1"}`, nil, "plate=B-AB 1 plain", ""},
		"hashed, exact":            {"{plate: {value: form.plate, keep: hashed, compare: exact}}", `{"plate":"B-AB 1"}`, nil, "plate=B-AB 1 hashed exact", ""},
		"encrypted":                {"{plate: {value: form.plate | upper(), keep: encrypted}}", `{"plate":"b"}`, nil, "plate=B encrypted", ""},
		"a number":                 {"{size: form.size}", `{"size":7}`, nil, "size=7 plain", ""},
		"missing":                  {"{plate: form.plate}", `{}`, nil, "", ""},
		"null":                     {"{plate: form.plate}", `{"plate":null}`, nil, "", ""},
		"empty":                    {"{plate: form.plate}", `{"plate":""}`, nil, "", ""},
		"several":                  {"{plate: 'map(form.cars ?? [], .plate)'}", `{"cars":[{"plate":"A"},{},{"plate":"B"}]}`, nil, "plate=A plain; plate=B plain", ""},
		"in order":                 {"{z: form.plate, a: form.size}", `{"plate":"x","size":1}`, nil, "z=x plain; a=1 plain", ""},
		"not yet returned":         {"{case: w.ID, plate: form.plate}", `{"plate":"x"}`, nil, "plate=x plain", ""},
		"returned":                 {"{case: w.ID}", `{}`, returned, "case=4711 plain", ""},
		"returned as null":         {"{case: w.ID}", `{}`, map[string]connectors.Value{"w.ID": {Kind: connectors.Null}}, "", ""},
		"made of what is returned": {`{case: '"A-" + text(w.ID)'}`, `{}`, returned, "case=A-4711 plain", ""},
		"of the submission":        {"{ref: submission.reference}", `{}`, nil, "ref=REF plain", "1"},
		"not yet a submission":     {"{ref: submission.reference, plate: form.plate}", `{"plate":"x"}`, nil, "plate=x plain", ""},
		"it cannot be computed":    {"{size: 'form.plate | integer()', plate: form.plate}", `{"plate":"x"}`, nil, "size! field.not-an-integer; plate=x plain", ""},
		"too long":                 {"{plate: form.plate}", `{"plate":"` + long + `"}`, nil, "plate! field.too-long", ""},
		"too many":                 {"{plate: 'map(form.cars, .plate)'}", many, nil, "plate! field.too-large", ""},

		"an object":       {"{owner: form.owner}", "", nil, "check: the key can only fail, whatever the form says: a key must be a single value, or a list of such [mapping.never]", ""},
		"constant":        {"{kind: '\"x\"'}", "", nil, "check: the key does not depend on the form: every form would be found by it [mapping.constant]", ""},
		"no field":        {"{plate: form.plat}", "", nil, `check: the form's schema has no field "plat" here [mapping.unknown-field]`, ""},
		"name":            {"{Plate No: form.plate}", "", nil, "check: the name of a key is made of small letters, digits, dots, hyphens and _, at most 64 [mapping.value]", ""},
		"keep":            {"{plate: {value: form.plate, keep: hash}}", "", nil, `check: "hash" is not one of plain, hashed, encrypted [mapping.value]`, ""},
		"compare":         {"{plate: {value: form.plate, compare: loosely}}", "", nil, `check: "loosely" is not one of loose, exact [mapping.value]`, ""},
		"no value":        {"{plate: {keep: plain}}", "", nil, `check: the key "value" is missing here [yaml.missing-key]`, ""},
		"unknown setting": {"{plate: {value: form.plate, kept: plain}}", "", nil, `check: unknown key "kept" [yaml.unknown-key]`, ""},
		"not returned":    {"{case: w.NO}", "", nil, `check: write "w" does not return NO; list it under returning [mapping.reference]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json}\n" + rest + "keys: " + c.keys + "\n" +
				"write:\n  - {as: w, to: register, table: T, returning: ID, fields: {A: 'form.name ?? \"\"'}}\n"
			plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}, "s.json": {Data: []byte(keysSchema)}}, "m.yaml", mappings.Catalog{})
			var problems diag.Problems
			if errors.As(err, &problems) {
				var all []string
				for _, p := range problems {
					all = append(all, fmt.Sprintf("%s [%s]", p.Message, p.Code))
				}
				if said := "check: " + strings.Join(all, "; "); said != c.want {
					t.Errorf("said %s\nwant %s", said, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			pinned, err := load.Bundle(plan.Bundle(), mappings.Catalog{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []*mapping.Plan{plan, pinned} {
				tree, err := p.Decode([]byte(c.form), "")
				if err != nil {
					t.Fatal(err)
				}
				if said := saidKeys(p.Keys(tree, mapping.Input{ID: c.id, Reference: "REF", Returned: c.returned})); said != c.want {
					t.Errorf("gives %s\nwant %s", said, c.want)
				}
			}
		})
	}
}

// saidKeys writes keys in one line.
func saidKeys(keys []mapping.Key) string {
	var all []string
	for _, k := range keys {
		s := k.Name + "=" + k.Value + " " + k.Keep
		if k.Exact {
			s += " exact"
		}
		if k.Failed != "" {
			s = k.Name + "! " + k.Failed
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

// TestSearchKeysUseFields counts a field that only a key reads as used.
func TestSearchKeysUseFields(t *testing.T) {
	t.Parallel()
	src := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json}\nkeys: {plate: form.plate}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.name ?? \"\"}}\n"
	const schema = `{"type":"object","properties":{"name":{"type":"string"},"plate":{"type":"string"}}}`
	for keys, want := range map[string]bool{"keys: {plate: form.plate}\n": true, "": false} {
		fsys := fstest.MapFS{"m.yaml": {Data: []byte(strings.Replace(src, "keys: {plate: form.plate}\n", keys, 1))}, "s.json": {Data: []byte(schema)}}
		if _, err := load.Mapping(fsys, "m.yaml", mappings.Catalog{}); (err == nil) != want {
			t.Errorf("%q: %v", keys, err)
		}
	}
}
