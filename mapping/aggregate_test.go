package mapping_test

import (
	"testing"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestOuterItems: a condition over a list sees the item of each, the groups of a list can be written one by one, and what goes wrong in
// them is told at the list.
func TestOuterItems(t *testing.T) {
	t.Parallel()
	const form = `{"items":[{"id":"a","n":1},{"id":"b","n":2},{"id":"a","n":"x"}],"refs":[{"ref":"a","v":"1"},{"ref":"b","v":"2"},{"ref":"a","v":"3"}]}`
	for _, c := range []struct{ each, value, want string }{
		{"i in form.items", `form.refs | filter(.ref == i.id) | map(.v) | join("+")`, "1+3,2,1+3"}, {"i in form.items", `count(form.items, .id == i.id and any(form.refs, .ref == #outer.id))`, "2,1,2"},
		{"g in groupBy(form.items, .id)", `concat(g.key, "-", count(g.items))`, "a-2,b-1"}, {"g in groupBy(form.items, .id)", `g.items | map(.n) | max()`, "form /items field.cannot-compare"},
		{"i in sortBy(form.items, .id, \"desc\")", `i.id`, "b,a,a"}, {"i in sortBy(form.items, .n)", `i.id`, "form /items field.cannot-compare"}, {"i in (form.refs | map(.ref) | distinct() | sort(\"desc\"))", `i`, "b,a"},
	} {
		t.Run(c.each+" "+c.value, func(t *testing.T) {
			t.Parallel()
			p := mappings.Load(t, "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: w, to: t, table: T, each: '"+c.each+"', fields: {A: '"+c.value+"'}}]\n")
			out, err := p.Map(mappings.Form(t, p, form), expr.Input{ID: "1"})
			have := mappings.Blamed(err)
			if err == nil {
				have = ""
				for i, r := range out.Deliveries[0].Records {
					s, _ := value.FromConnector(r.Values[0]).Text()
					have += map[bool]string{true: ","}[i > 0] + s
				}
			}
			if have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}
