package load_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const forgetful = `mapping: m
version: 1
input: {format: json%s}
%s
write:
  - {as: w, to: register, table: T, %s}
tests:
  - {name: one, form: f.json}
`

const forgettable = `{"type":"object","properties":{"id":{"type":"string"},"owner":{"type":"object","properties":{"name":{"type":"string"},"fax":{"type":"string"}}},
 "other":{"type":"object","properties":{"name":{"type":"string"},"fax":{"type":"string"}}},
 "items":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"},"n":{"type":"number"}}}},"tags":{"type":"array","items":{"type":"string"}}}}`

// TestForgotten is which fields of forms check finds that nothing is made of, by a schema and by a sample.
func TestForgotten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, top, write, want string }{
		{"all is used", `ignore: [form.other, form.tags]`, `fields: {I: form.id, N: form.owner.name, F: form.owner.fax, S: "sum(form.items, .n)", K: "first(form.items).k"}`, ``},
		{"count looks at a list only", `ignore: [form.id, form.other, form.owner, form.tags]`, `each: x in form.items, fields: {C: count(form.items)}`, `items.k; items.n`},
		{"filter looks at its condition", `ignore: [form.id, form.other, form.owner, form.tags]`, `fields: {C: 'count(filter(form.items, .k == "a"))'}`, `items.n`},
		{"sum of a filter", `ignore: [form.id, form.other, form.owner, form.tags]`, `fields: {C: 'sum(filter(form.items, .k == "a"), .n)'}`, ``},
		{"find", `ignore: [form.id, form.other, form.owner, form.tags]`, `fields: {C: 'find(form.items, .k == "a").n'}`, ``},
		{"find without n", `ignore: [form.id, form.other, form.owner, form.tags]`, `fields: {C: 'find(form.items, .k == "a").k'}`, `items.n`},
		{"each of a filter", `ignore: [form.id, form.other, form.owner, form.tags]`, `each: 'x in filter(form.items, .k == "a")', fields: {C: x.k}`, `items.n`},
		{"one of two branches", `ignore: [form.id, form.items, form.tags]`, `fields: {C: '(form.owner ?? form.other).name'}`, ``},
		{"one of two branches by let", "ignore: [form.id, form.items, form.tags]\nlet: {o: 'form.id == \"a\" ? form.owner : form.other'}", `fields: {C: o.name}`, ``},
		{"a list of texts", `ignore: [form.id, form.other, form.owner, form.items]`, `fields: {C: 'join(form.tags, ",")'}`, ``},
		{"a branch is there", `ignore: [form.id, form.other, form.items, form.tags]`, `fields: {C: 'form.owner == nil ? "N" : "J"'}`, `owner.fax; owner.name`},
		{"a branch is ignored of which a field is used", `ignore: [form.id, form.owner, form.other, form.items, form.tags]`, `fields: {N: form.owner.name}`, `warning form.owner.fax`},
		{"a list is ignored of which a field is used", `ignore: [form.id, form.owner, form.other, form.items, form.tags]`, `each: x in form.items, fields: {N: x.k}`, `warning form.items.n`},
		{"the rest of a branch is ignored by name", `ignore: [form.id, form.owner.fax, form.other, form.items, form.tags]`, `fields: {N: form.owner.name}`, ``},
		{"a branch is ignored of which all is used", `ignore: [form.id, form.owner, form.other, form.items, form.tags]`, `fields: {N: form.owner.name, F: form.owner.fax}`, ``},
	} {
		for _, by := range []string{", schema: s.json", ""} {
			t.Run(strings.TrimSpace(c.name+by), func(t *testing.T) {
				t.Parallel()
				if d := cmp.Diff(c.want, forgottenIn(t, fmt.Sprintf(forgetful, by, c.top, c.write))); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

// forgottenIn are the fields that check says are forgotten; behind warning those that an ignored branch hides.
func forgottenIn(t *testing.T, text string) string {
	t.Helper()
	files := fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(forgettable)},
		"f.json": {Data: []byte(`{"id":"1","owner":{"name":"a","fax":"b"},"other":{"name":"a","fax":"b"},"items":[{"k":"a"},{"n":1}],"tags":["x"]}`)}}
	p, err := load.Mapping(files, "m.yaml", mappings.Catalog{})
	var problems diag.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var all []string
	for _, x := range problems {
		if x.Code != load.CodeUnusedField {
			t.Fatal(err)
		}
		all = append(all, strings.Fields(x.Message)[3])
	}
	if err == nil {
		for _, x := range p.Warnings() {
			if _, fields, ok := strings.Cut(x.Message, "forgotten: "); ok && x.Code == load.CodeUnusedField {
				all = append(all, "warning "+fields)
			}
		}
	}
	return strings.Join(all, "; ")
}

// TestWholeItemIsNotUsed has a branch as the value of a column, which check refuses, and a form without a schema.
func TestWholeItemIsNotUsed(t *testing.T) {
	t.Parallel()
	have := forgottenIn(t, fmt.Sprintf(forgetful, "", "ignore: [form.id, form.other, form.items, form.tags]", "fields: {C: form.owner}"))
	if want := "owner.fax; owner.name"; have != want {
		t.Errorf("have %s", have)
	}
}

// TestUnknownKey is the key of that name.
func TestUnknownKey(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`input`, `format: json, unknown: park`, ``},
		{`input`, `format: json, unknown: allow`, ``},
		{`input`, `format: json, unknown: parks`, `3:32: "parks" is not one of park, allow [mapping.value] (did you mean "park"?)`},
		{`input`, `format: json, unused: allow, unknown: park`, `3:38: this does nothing: with unused: allow and without a schema no field is unknown [mapping.value] (remove one of both)`},
	} {
		t.Run(c[1], func(t *testing.T) {
			t.Parallel()
			if have := said(t, c[0], c[1]); have != c[2] {
				t.Errorf("have %s", have)
			}
		})
	}
}
