package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

const valueMapping = `
mapping: NAME
version: 1
input: {format: FORMAT, WHEN reference: form.ref, unused: allow}
write:
  - {as: row, to: TARGET, table: ROW, fields: {REF: form.ref, VALUE: form.value}}
`

// valueWorld has the routes a and b, which take the same in-basket and front office, to the targets one and two.
func valueWorld(t *testing.T, whenA, whenB string) (w *world, one, two *script) {
	t.Helper()
	one, two = newScript(recorded), newScript(recorded)
	w = newScripted(t, one, two, "")
	w.valueRoutes(whenA, whenB)
	w.start()
	return w, one, two
}

func (w *world) valueRoutes(whenA, whenB string) {
	w.t.Helper()
	for name, to := range map[string][2]string{"a": {"one", whenA}, "b": {"two", whenB}} {
		format, when := "json", to[1]
		if rest, xml := strings.CutPrefix(when, "xml"); xml {
			format, when = "xml", rest
		}
		if when != "" {
			when = "when: '" + when + "',"
		}
		w.write(name+".yaml", strings.NewReplacer("NAME", name, "FORMAT", format, "WHEN", when, "TARGET", to[0]).Replace(valueMapping))
	}
	head, _, _ := strings.Cut(fmt.Sprintf(scriptWorld, tokenHash), "routes:")
	w.write("inbasket.yaml", head+"routes:\n  a: {from: permits, mapping: a.yaml, front-office: portal}\n  b: {from: permits, mapping: b.yaml, front-office: portal}\n")
}

func valued(ref string, version any) string {
	return fmt.Sprintf(`{"ref": %q, "value": "x", "version": %v}`, ref, version)
}

// The mapping says which forms are its own: of several routes exactly one takes a form, or none does, and that is told.
func TestRoutesByValue(t *testing.T) {
	const v1, v2 = "form.version == 1", "form.version == 2"
	for name, c := range map[string]struct {
		a, b, form string
		to         string // target; empty: it is not taken
		code       string
	}{
		"two versions side by side, the first":        {v1, v2, valued("R", 1), "one", ""},
		"two versions side by side, the second":       {v1, v2, valued("R", 2), "two", ""},
		"a version that nobody takes":                 {v1, v2, valued("R", 3), "", "route.none"},
		"no version at all":                           {v1, v2, `{"ref": "R", "value": "x"}`, "", "route.none"},
		"both say so":                                 {v1, "form.version < 3", valued("R", 1), "", "route.several"},
		"it cannot be told":                           {"(form.version | integer()) > 1", `form.value == "x"`, valued("R", `"one"`), "", "route.not-told"},
		"the rest, not what the first takes":          {v1, "", valued("R", 1), "one", ""},
		"the rest":                                    {v1, "", valued("R", 7), "two", ""},
		"the rest, and it cannot be told":             {"(form.version | integer()) > 1", "", valued("R", `"one"`), "", "route.not-told"},
		"one that another format cannot be read as":   {"xml(form.version | integer()) == 1", v2, valued("R", 2), "two", ""},
		"one that nobody can read":                    {v1, v2, `{"ref": "R"`, "", "route.none"},
		"a single route, and another one has no when": {"", v2, valued("R", 2), "", "config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.code == "config" {
				w := newScripted(t, newScript(recorded), newScript(recorded), "")
				w.valueRoutes(c.a, c.b)
				cfg, err := w.load()
				if err == nil {
					_, err = agent.New(t.Context(), agent.Options{Config: cfg})
				}
				if err == nil || !strings.Contains(err.Error(), "takes every form of") {
					t.Error(err)
				}
				return
			}
			w, one, two := valueWorld(t, c.a, c.b)
			counted := func(s *script, target string) bool { return (s.count() > 0) == (c.to == target) }
			p := w.post(c.form, "application/json")
			if c.to == "" {
				p.expect(t, "posted", map[string]int{"route.none": 422, "route.several": 503, "route.not-told": 503}[c.code], c.code)
			} else {
				p.expect(t, "posted", 202, "")
			}
			w.write("in/x.json", strings.Replace(c.form, `"R"`, `"S"`, 1))
			w.until("the in-basket is empty", func() bool { return len(w.files("in")) == 0 })
			w.until("settled", func() bool {
				s := w.states()
				return c.to != "" && s[journal.Delivered] == 2 || c.to == "" && s[journal.Parked] == 1
			})
			if !counted(one, "one") || !counted(two, "two") {
				t.Errorf("one got %d, two got %d", one.count(), two.count())
			}
		})
	}
}

// Whatever mappings come to say of a form, it stays known: its answer is that of before, and nothing is written a second time.
func TestRoutesByValueKnown(t *testing.T) {
	const v1, v2 = "form.version == 1", "form.version == 2"
	for name, to := range map[string][2]string{"another route": {v2, v1}, "no route": {v2, "form.version == 3"}, "both routes": {v1, "form.version < 2"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, one, two := valueWorld(t, v1, v2)
			first := w.post(valued("R", 1), "application/json", keyHeader, "k")
			first.expect(t, "first", 202, "")
			w.write("in/x.json", valued("S", 1))
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
			w.valueRoutes(to[0], to[1])
			w.sedVersion()
			if err := w.reload(false); err != nil {
				t.Fatal(err)
			}
			for _, header := range [][]string{{keyHeader, "k"}, nil} {
				if again := w.post(valued("R", 1), "application/json", header...); again.status != 202 || again.ID != first.ID {
					t.Errorf("%v: %+v", header, again)
				}
			}
			w.write("in/x.json", valued("S", 1))
			w.until("the in-basket is empty", func() bool { return len(w.files("in")) == 0 })
			if one.count() != 2 || two.count() != 0 {
				t.Errorf("one got %d, two got %d", one.count(), two.count())
			}
		})
	}
}

// sedVersion makes second versions of the mappings.
func (w *world) sedVersion() {
	w.t.Helper()
	for _, name := range []string{"a.yaml", "b.yaml"} {
		w.write(name, strings.Replace(w.readFile(name), "version: 1\n", "version: 2\n", 1))
	}
}

// What no route took goes on by retry once one does, by the route whose mapping says so.
func TestRoutesByValueRetry(t *testing.T) {
	w, one, two := valueWorld(t, "form.version == 1", "form.version == 2")
	w.write("in/x.json", valued("S", 3))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	order := control.RetryRequest{Code: "route.none"}
	settled, err := orders.Retry.Give(context.Background(), w.agent.Desk(), order)
	if err != nil || len(settled) != 1 || w.states()[journal.Parked] != 1 {
		t.Errorf("%+v, %v", settled, err)
	}
	w.valueRoutes("form.version == 1", "form.version > 1")
	w.sedVersion()
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if settled, err = orders.Retry.Give(context.Background(), w.agent.Desk(), order); err != nil || len(settled) != 1 || settled[0].Error != nil {
		t.Fatalf("%+v, %v", settled, err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	if one.count() != 0 || two.count() != 1 || w.view("S").Route != "b" {
		t.Errorf("one got %d, two got %d", one.count(), two.count())
	}
}

// A route that takes forms alone refuses those that its mapping does not call its own, and one that is named does.
func TestRouteRefusesForeignForms(t *testing.T) {
	w, one, two := valueWorld(t, "form.version == 1", "form.version == 2")
	w.postTo("?route=a", valued("R", 2), "application/json").expect(t, "a", 422, "form.not-taken")
	w.postTo("?route=b", valued("R", 2), "application/json").expect(t, "b", 202, "")
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	if one.count() != 0 || two.count() != 1 {
		t.Errorf("one got %d, two got %d", one.count(), two.count())
	}
	head, _, _ := strings.Cut(fmt.Sprintf(scriptWorld, tokenHash), "routes:")
	w.write("inbasket.yaml", head+"routes:\n  a: {from: permits, mapping: a.yaml, front-office: portal}\n")
	if err := w.reload(true); err != nil {
		t.Fatal(err)
	}
	w.write("in/x.json", valued("S", 2))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if v := w.view("S"); v.Reason == nil || v.Reason.Code != "form.not-taken" || one.count() != 0 {
		t.Errorf("%+v", v)
	}
}

// Of a form that is larger than a mapping allows nobody knows whether it is that one's: it does not go to the rest.
func TestRoutesByValueTooLarge(t *testing.T) {
	w, one, two := valueWorld(t, "form.version == 1", "")
	w.sedVersion()
	w.write("a.yaml", strings.Replace(w.readFile("a.yaml"), "input: {", "input: {limits: {text: 20}, ", 1))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	large := strings.Replace(valued("R", 1), `"x"`, `"`+strings.Repeat("x", 40)+`"`, 1)
	w.post(large, "application/json").expect(t, "posted", 503, "route.not-told")
	w.write("in/x.json", large)
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if one.count() != 0 || two.count() != 0 {
		t.Errorf("one got %d, two got %d", one.count(), two.count())
	}
}

// Where mappings take their references from other fields, a known form is known under each of them.
func TestRoutesByValueReferences(t *testing.T) {
	for name, to := range map[string][2]string{"swapped": {"form.version == 2", "form.version == 1"}, "no route": {"form.version == 2", "form.version == 3"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := newScript(recorded), newScript(recorded)
			w := newScripted(t, one, two, "")
			rules := func(a, b string) {
				w.valueRoutes(a, b)
				w.write("b.yaml", strings.Replace(w.readFile("b.yaml"), "reference: form.ref,", "reference: form.value,", 1))
			}
			rules("form.version == 1", "form.version == 2")
			w.start()
			first := w.post(valued("R", 1), "application/json")
			second := w.post(strings.Replace(valued("T", 2), `"x"`, `"y"`, 1), "application/json")
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
			rules(to[0], to[1])
			w.sedVersion()
			if err := w.reload(false); err != nil {
				t.Fatal(err)
			}
			if again := w.post(valued("R", 1), "application/json"); again.status != 202 || again.ID != first.ID {
				t.Errorf("%+v", again)
			}
			if again := w.post(strings.Replace(valued("T", 2), `"x"`, `"y"`, 1), "application/json"); again.status != 202 || again.ID != second.ID {
				t.Errorf("%+v", again)
			}
			if one.count() != 1 || two.count() != 1 {
				t.Errorf("one got %d, two got %d", one.count(), two.count())
			}
		})
	}
}

// What was parked without a route and is known by now is not delivered by a retry, with or without a front office, also as a tombstone.
func TestRoutesByValueRetryKnown(t *testing.T) {
	for name, c := range map[string]struct{ office, purged bool }{"front office": {true, false}, "none": {false, false}, "purged": {true, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := newScript(recorded), newScript(recorded)
			w := newScripted(t, one, two, "")
			version := 0
			rules := func(a, b string) {
				w.valueRoutes(a, b)
				version++
				for _, n := range []string{"a.yaml", "b.yaml"} {
					w.write(n, strings.Replace(w.readFile(n), "version: 1\n", fmt.Sprintf("version: %d\n", version), 1))
				}
				if !c.office {
					w.write("inbasket.yaml", strings.ReplaceAll(w.readFile("inbasket.yaml"), ", front-office: portal", ""))
				}
				if version > 1 {
					if err := w.reload(false); err != nil {
						t.Fatal(err)
					}
				}
			}
			rules("form.version == 1", "form.version < 3")
			w.start()
			w.write("in/x.json", valued("S", 1))
			w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
			rules("form.version == 1", "form.version == 2")
			w.write("in/y.json", valued("S", 1))
			w.until("delivered", func() bool { return one.count() == 1 && w.states()[journal.Accepted] == 0 })
			if c.purged {
				w.purge(control.PurgeRequest{IDs: []journal.ID{w.view("S").ID}, By: "me", Reason: "test"})
			}
			rules("form.version == 2", "form.version == 1")
			settled, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Code: "route.several"})
			if err != nil || len(settled) != 1 || settled[0].Error == nil {
				t.Errorf("%+v, %v", settled, err)
			}
			if one.count() != 1 || two.count() != 0 || w.states()[journal.Parked] != 1 {
				t.Errorf("one got %d, two got %d, %v", one.count(), two.count(), w.states())
			}
		})
	}
}
