package load_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const placed = `mapping: m
version: 1
input: {format: json, unused: allow}
layouts:
  l:
    format: json
    json: {style: STYLE}
    records: {a: {fields: [{name: A}, {records: b, json: bs}]}, b: {fields: [{name: B}]}}
write:
  - {as: a, to: drop, layout: l, EACHfields: {A: form.a}}
  - {as: b, to: drop, layout: l, UNDEReach: i in form.items, fields: {B: i}}
`

type batching struct{ mappings.Catalog }

func (batching) Target(name string) (load.TargetInfo, bool) {
	i, ok := mappings.Catalog{}.Target(name)
	i.Batch = true
	return i, ok
}

// Records that stand in others have one place, and a document has one root.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		style, each, under string
		cat                load.Catalog
		want               string
	}{
		{"document", "", "under: a, ", mappings.Catalog{}, ""},
		{"document", "", "", mappings.Catalog{}, ""},
		{"array", "each: x in form.xs, ", "under: a, ", mappings.Catalog{}, ""},
		{"array", "each: x in form.xs, ", "", mappings.Catalog{}, "the layout puts its records into those of a: which of them is meant is only known of a write under it"},
		{"document", "each: x in form.xs, ", "under: a, ", mappings.Catalog{}, "a document is one record, and this write makes many"},
		{"document", "", "under: a, ", batching{}, "a document is a file of one form, and this target puts many into one"},
		{"array", "", "under: a, ", batching{}, ""},
	} {
		src := strings.NewReplacer("STYLE", c.style, "EACH", c.each, "UNDER", c.under).Replace(placed)
		_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}}, "m.yaml", c.cat)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s\nwant %q, have %v", src, c.want, err)
		}
	}
	src := strings.NewReplacer("STYLE", "array", "EACH", "", "UNDER", "", "as: a", "as: c", "{a: {", "{c: {fields: [{name: A}]}, a: {").Replace(placed)
	if _, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}}, "m.yaml", nil); err == nil || !strings.Contains(err.Error(), `the layout puts its records into those of write "a", and there is no such write to this target`) {
		t.Error(err)
	}
}
