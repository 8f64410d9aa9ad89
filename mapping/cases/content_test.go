package cases

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
)

const contentMapping = `mapping: m
version: 1
input: {format: json, files: [form.sig], unused: allow}
write:
  - {as: w, to: t, table: T, each: a in attachments, fields: {NAME: a.name, DATA: a.content}}
tests:
  - {form: f.json, attachments: [plan.pdf], expect: {w: [{NAME: plan.pdf, DATA: FIRST}, {NAME: sig, DATA: SECOND}]}}
`

// TestContentOfCases: a case expects content by a file, by its bytes, by its digest, or any.
func TestContentOfCases(t *testing.T) {
	t.Parallel()
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("%PDF")))
	const sig = "(binary, 3 bytes, sha256:ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc)"
	for _, c := range []struct{ name, first, second, want string }{
		{"a file and bytes", `{bytes: plan.pdf}`, `{bytes: {hex: "00 01 02"}}`, ""},
		{"a digest, in any letters", `{sha256: "` + strings.ToUpper(sum) + `"}`, `{bytes: {base64: AAEC}}`, ""},
		{"any", `(binary)`, `{not-null: true}`, ""},
		{"as it is shown", `"(binary, 4 bytes, sha256:` + sum + `)"`, `"` + sig + `"`, ""},
		{"another file", `{bytes: other.pdf}`, `{any: true}`, "w[0].DATA: want bytes other.pdf, have (binary, 4 bytes, sha256:" + sum + ")"},
		{"no such file", `{bytes: none.pdf}`, `{any: true}`, "w[0].DATA: want bytes none.pdf, have (binary, 4 bytes, sha256:" + sum + ")"},
		{"another digest", `{any: true}`, `{sha256: "` + sum + `"}`, "w[1].DATA: want sha256 " + sum + ", have " + sig},
		{"a text", `{any: true}`, `x`, `w[1].DATA: want "x", have ` + sig},
		{"no digest", `{any: true}`, `{sha256: abc}`, "sha256 takes 64 hexadecimal digits [mapping.value]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := strings.NewReplacer("FIRST", c.first, "SECOND", c.second).Replace(contentMapping)
			fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}, "plan.pdf": {Data: []byte("%PDF")}, "other.pdf": {Data: []byte("%PDG")},
				"f.json": {Data: []byte(`{"sig":"data:image/png;base64,AAEC"}`)}}
			p, err := load.Mapping(fsys, "m.yaml", nil)
			have := ""
			if err == nil {
				have = strings.Join(Run(p, fsys)[0].Diffs, "; ")
			} else {
				_, have, _ = strings.Cut(err.Error(), ": ")
				have, _, _ = strings.Cut(have, "\n")
			}
			if have != c.want {
				t.Errorf("\nhave %s\nwant %s", have, c.want)
			}
		})
	}
}

// TestUpdateContent: a case that expects content as it is shown expects what the mapping gives now.
func TestUpdateContent(t *testing.T) {
	t.Parallel()
	src := strings.NewReplacer("FIRST", `"(binary, 1 bytes, sha256:00)"`, "SECOND", `(binary)`).Replace(contentMapping)
	fsys := fstest.MapFS{"m.yaml": {Data: []byte(src)}, "plan.pdf": {Data: []byte("%PDF")}, "f.json": {Data: []byte(`{"sig":"AAEC"}`)}}
	p, err := load.Mapping(fsys, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	u := Update(p, []byte(src), fsys)
	fsys["m.yaml"] = &fstest.MapFile{Data: u.Source}
	if p, err = load.Mapping(fsys, "m.yaml", nil); err != nil || u.Values != 1 || !Run(p, fsys)[0].OK {
		t.Errorf("%v, %d values: %s", err, u.Values, u.Source)
	}
}
