package load_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestFilesThatForms: what a mapping says of files is refused where it would do nothing, or something else than it says.
func TestFilesThatForms(t *testing.T) {
	t.Parallel()
	const text = `mapping: m
version: 1
input: {INPUT}
write: [WRITE, {as: n, to: register, table: N, fields: {A: form.a}}]
`
	const schema = `{"type":"object","properties":{"a":{"type":"string"},"f":{"type":"object","properties":{"content":{"type":"string"},"more":{"type":"string"}}}}}`
	for _, c := range []struct {
		name, input, write string
		cat                load.Catalog
		want               string
	}{
		{"with all that is below them", `format: json, schema: s.json, files: [form.f]`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, ""},
		{"unused without", `format: json, schema: s.json`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "f.content"},
		{"one that the schema has not", `format: json, schema: s.json, files: [form.f, form.g]`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "mapping.unknown"},
		{"no field", `format: json, files: ['form.f | base64()']`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "files lists fields of the form"},
		{"the form", `format: json, files: [form]`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "files lists fields of the form"},
		{"attachments", `format: json, files: [attachments]`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "files lists fields of the form"},
		{"a limit of another format", `format: csv, unused: allow, limits: {binary: 1MiB}`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "this does nothing for a form in csv"},
		{"a limit below 0", `format: json, unused: allow, limits: {binary: -1}`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, mappings.Catalog{}, "limit"},
		{"in a batch", `format: json, unused: allow`, `{as: d, to: drop, document: "{id}-{n}.bin"}`, batching{}, "attachments are files of their own, and this target puts many forms into one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := strings.NewReplacer("INPUT", c.input, "WRITE", c.write).Replace(text)
			_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}, "s.json": {Data: []byte(schema)}}, "m.yaml", c.cat)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// TestKnownToBeContent: what is compared with a database's columns is told to be content.
func TestKnownToBeContent(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `mapping: m
version: 1
input: {format: json, unused: allow}
write: [{as: w, to: register, table: T, fields: {A: 'find(attachments, .size > 1).content', B: form.b | base64(), C: {value: form.c, type: binary}, D: 'form.d == "x" ? attachments[0].content : nil',
  E: 'attachments[0].digest', F: form.f, G: 'form.g | base64() ?? form.h'}}]
`)
	want := []connectors.Kind{connectors.Binary, connectors.Binary, connectors.Binary, connectors.Binary, connectors.Missing, connectors.Missing, connectors.Missing}
	work, _ := p.Work("register")
	for i, c := range work.Writes[0].Contents {
		if c.Kind != want[i] {
			t.Errorf("field %d: have %d, want %d", i, c.Kind, want[i])
		}
	}
}
