package cases

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/load"
)

const covered = `mapping: m
version: 1
input: {%s, unused: allow}
let: {who: form.owner}
lookups:
  kinds:
    values:
      a: A
      1.50: B
  towns: {file: towns.csv, key: code, value: name}
write:
  - as: main
    to: register
    table: MAIN
    fields:
      NAME: who.name
      KIND: form.kind | lookup("kinds")
      TOWN: form.town | lookup("towns", "-")
  - as: items
    to: register
    table: ITEM
    each: i in form.items
    when: i.n != "0"
    fields: {N: i.n, M: i.m}
  - {as: scans, to: drop, document: "{reference}-{n}"}
tests: %s
`

// TestCoverage: what no case reaches is told with its line; what a rejected form would have written is not reached.
func TestCoverage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, format, tests string
		want                []string
	}{
		{"no cases", "format: json", "[]", []string{"6 lookup kinds a key that is not in it", "8 lookup kinds key a", "9 lookup kinds key 1.50", "10 lookup towns a key of the file", "10 lookup towns a key that is not in it", "12 write main", "16 field owner.name", "17 field kind", "18 field town", "19 write items", "23 field items.n", "23 when items false", "23 when items true", "24 field items.m", "25 write scans"}},
		{"one form", "format: json", "[{form: one.json}]", []string{"6 lookup kinds a key that is not in it", "9 lookup kinds key 1.50", "10 lookup towns a key that is not in it", "23 when items false", "24 field items.m", "25 write scans"}},
		{"a number is the same key, and an attachment", "format: json", "[{form: two.json, attachments: [one.json]}]", []string{"6 lookup kinds a key that is not in it", "8 lookup kinds key a", "10 lookup towns a key of the file", "19 write items", "23 when items true"}},
		{"a form that is rejected", "format: json", "[{form: bad.json, expect-error: {}}]", []string{"8 lookup kinds key a", "9 lookup kinds key 1.50", "10 lookup towns a key of the file", "10 lookup towns a key that is not in it", "12 write main", "18 field town", "19 write items", "23 when items false", "24 field items.m", "25 write scans"}},
		{"both", "format: json", "[{form: one.json}, {form: two.json, attachments: [one.json]}, {form: bad.json, expect-error: {}}]", nil},
		{"XML", "format: xml, lists: [items]", "[{form: one.xml}]", []string{"6 lookup kinds a key that is not in it", "9 lookup kinds key 1.50", "10 lookup towns a key that is not in it", "23 when items false", "24 field items.m", "25 write scans"}},
		{"files that are not there", "format: json", "[{form: gone.json}, {form: one.json, attachments: [gone.pdf]}, {form: torn.json}]", []string{"6 lookup kinds a key that is not in it", "8 lookup kinds key a", "9 lookup kinds key 1.50", "10 lookup towns a key of the file", "10 lookup towns a key that is not in it", "12 write main", "19 write items", "23 when items false", "23 when items true", "24 field items.m", "25 write scans"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, covered, c.format, c.tests)}, "towns.csv": {Data: []byte("code,name\nX,Xanten\n")},
				"one.json":  {Data: []byte(`{"owner":{"name":"Ada"},"kind":"a","town":"X","items":[{"n":"1"}]}`)},
				"two.json":  {Data: []byte(`{"owner":{"name":"Bob"},"kind":1.5,"town":"Y","items":[{"n":"0","m":"z"}]}`)},
				"bad.json":  {Data: []byte(`{"owner":{"name":"Cid"},"kind":"q","items":[{"n":"1"}]}`)},
				"torn.json": {Data: []byte(`{"owner":`)},
				"one.xml":   {Data: []byte(`<form><owner><name>Ada</name></owner><kind>a</kind><town>X</town><items><n>1</n></items></form>`)}}
			p, err := load.Mapping(files, "m.yaml", nil)
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			have := Cover(p, files)
			var missing []string
			for _, at := range have.Missing {
				missing = append(missing, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", at.Line, at.Kind, at.Name, at.Outcome)))
			}
			if d := cmp.Diff(c.want, missing); d != "" {
				t.Error(d)
			}
			if have.Places != 15 || have.Reached != 15-len(have.Missing) {
				t.Errorf("%+v", have)
			}
		})
	}
}

// TestCoveragePercent rounds down, and compares without rounding.
func TestCoveragePercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ places, reached, percent, least int }{{0, 0, 100, 100}, {3, 2, 66, 66}, {3, 3, 100, 100}, {200, 199, 99, 99}, {3, 0, 0, 0}} {
		have := Coverage{Places: c.places, Reached: c.reached}
		if have.Percent() != c.percent || !have.AtLeast(c.least) || c.least < 100 && have.AtLeast(c.least+1) {
			t.Errorf("%+v: %d", have, have.Percent())
		}
	}
}
