package load_test

import (
	"strings"
	"testing"
)

// TestKeyNeverChanged: check refuses a setting of a key's field that could only park forms, and warns where a rule of the write or of
// the whole mapping meets a key.
func TestKeyNeverChanged(t *testing.T) {
	t.Parallel()
	const cut = "the value of a key is not changed: two forms with different values would have one row; such a form is parked"
	for _, c := range []struct{ above, key, field, want string }{
		{"", "[K]", "{value: form.ref, type: text(4), overflow: cut}", "error m.yaml:11:53: " + cut}, {"", "[K]", "{value: form.ref, type: text(4)}", ""},
		{"", "[K]", `{value: form.n, type: "decimal(9,0)", round: half-up}`, "error m.yaml:11:55: " + cut}, {"", "[K]", `{value: form.n, type: "decimal(9,0)", round: error}`, ""},
		{"", "[K]", "{value: form.n, precision: 3}", cut}, {"", "[K]", "{value: form.n, precision: database}", cut}, {"", "[K]", "{value: form.n, type: integer}", ""},
		{"", "[K]", `{value: form.ref, charset: us-ascii, unmappable: {replace: "?"}}`, cut}, {"", "[K]", `{value: form.ref, charset: us-ascii, unmappable: error}`, ""},
		{"charset: us-ascii, unmappable: {transliterate: german-ae}", "[K]", "form.ref", "warning m.yaml:9:10: what the rule for characters says is not done to K"},
		{"charset: us-ascii, unmappable: {transliterate: german-ae}", "[K]", "{value: form.ref, unmappable: error}", ""},
		{"charset: us-ascii, unmappable: {transliterate: german-ae}", "[K]", "{value: form.n, type: integer}", ""},
		{"charset: us-ascii, unmappable: {transliterate: german-ae}", "[V]", "form.ref", ""},
		{"charset: us-ascii", "[K]", "form.ref", ""}, {"", "[V]", "{value: form.ref, type: text(4), overflow: cut}", ""},
	} {
		t.Run(c.above+c.key+c.field, func(t *testing.T) {
			t.Parallel()
			above := ""
			for one := range strings.SplitSeq(c.above, ", ") {
				if one != "" {
					above += "    " + one + "\n"
				}
			}
			have, _ := found(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - as: w\n    to: t\n    table: T\n    mode: upsert\n    key: "+c.key+"\n    fields:\n"+
				"      K: "+c.field+"\n      V: {value: form.v, type: integer}\n"+above)
			if (c.want == "") != (have == "") || !strings.Contains(have, c.want) {
				t.Errorf("\n have %s\n want %s", have, c.want)
			}
		})
	}
}
