package mapping_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
)

// TestKeyChanged: what a setting makes of a value is no name of a row, whichever mode finds rows by it; what the value is as the
// form has it, or as the expression makes it, is.
func TestKeyChanged(t *testing.T) {
	t.Parallel()
	const ascii = "charset: us-ascii\n    unmappable: {transliterate: din91379-ascii, replace: \"?\"}\n    "
	for _, c := range []struct{ mode, above, field, form, want string }{
		{"upsert", ascii, "{value: form.k, type: text(30)}", `{"k":"Mueller"}`, "w{K=Mueller}"},
		{"upsert", ascii, "{value: form.k, type: text(30)}", `{"k":"Müller"}`,
			"fault w.K: K is in the key, and a value of a key is not changed: characters that do not exist in us-ascii were transliterated: 1 by din91379-ascii, at /k [field.key-changed]"},
		{"replace-children", ascii, "{value: form.k, type: text(30)}", `{"k":"Иван"}`,
			"fault w.K: K is in the key, and a value of a key is not changed: 4 characters that do not exist in us-ascii were replaced, at /k [field.key-changed]"},
		{"update", ascii, "form.k", `{"k":"Weiß"}`, "[field.key-changed]"},
		{"insert", ascii, "form.k", `{"k":"Weiß"}`, "[field.key-changed]"},
		{"upsert", ascii, `form.k | transliterate("din91379-ascii")`, `{"k":"Müller"}`, "w{K=Mueller}"},
		{"upsert", "", "form.k | substring(0, 4) | upper()", `{"k":"Schmidtke"}`, "w{K=SCHM}"},
		{"upsert", ascii, `'form.none ?? "Müller"'`, `{"none":null}`, "[field.key-changed]"},
		{"upsert", ascii, "{value: form.k, unmappable: error}", `{"k":"Müller"}`, "form /k field.unmappable"},
		{"upsert", "", `{value: form.k, type: "decimal(9,2)"}`, `{"k":1.20}`, "w{K=1.20}"},
	} {
		t.Run(c.mode+" "+c.field+" "+c.form, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf("mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - as: w\n    to: register\n    table: T\n    mode: %s\n    key: [K]\n    %sfields:\n      K: %s\n", c.mode, c.above, c.field)
			p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
			if err != nil {
				t.Fatal(err)
			}
			if have := mapped(p, c.form); !strings.Contains(have, c.want) {
				t.Errorf("\n have %s\n want %s", have, c.want)
			}
		})
	}
}

// TestKeyChangedWithoutItem: children that are replaced by none are named by the same key.
func TestKeyChangedWithoutItem(t *testing.T) {
	t.Parallel()
	text := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - as: w\n    to: register\n    table: T\n    mode: replace-children\n    key: [K]\n    onMissing: delete\n" +
		"    charset: us-ascii\n    unmappable: {replace: \"?\"}\n    each: i in form.list\n    fields: {K: form.k, V: i}\n"
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if have := mapped(p, `{"k":"Иван","list":[]}`); !strings.Contains(have, "[field.key-changed]") {
		t.Error(have)
	}
}
