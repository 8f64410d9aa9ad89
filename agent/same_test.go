package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

const sameMapping = `
mapping: permit
version: VERSION
input: {format: json, unused: allow, REFERENCEsame: [SAME]}
write: [{as: application, to: one, table: APPLICATION, fields: {NAME: form.values.name}}]
`

// sameWorld runs an agent whose forms carry the time of each attempt.
func sameWorld(t *testing.T, reference, same string) (*world, *script) {
	t.Helper()
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.sameBy(1, reference, same)
	w.start()
	return w, one
}

// sameBy writes a version of the mapping by which other forms are the same; an empty same means all bytes.
func (w *world) sameBy(version int, reference, same string) {
	text := strings.NewReplacer("VERSION", fmt.Sprint(version), "REFERENCE", reference, "SAME", same).Replace(sameMapping)
	if same == "" {
		text = strings.Replace(text, ", same: []", "", 1)
	}
	w.write("permit.yaml", text)
}

func stamped(ref, name, at string) string {
	return fmt.Sprintf(`{"values":{"name":%q},"metadata":{"public_reference":%q,"registration_timestamp":%q}}`, name, ref, at)
}

const ownReference = "reference: form.metadata.public_reference, "

// A retry with another time stamp is a repeat by what the mapping declares; the rest that differs is on record by its name.
// Other values stay a conflict.
func TestSameOverHTTP(t *testing.T) {
	w, one := sameWorld(t, ownReference, "form.values")
	json := "application/json"
	first := w.post(stamped("OF-1", "Anna", "06:00"), json, keyHeader, `"k-1"`)
	first.expect(t, "first", 202, "")
	for what, key := range map[string]string{"same key": `"k-1"`, "another key": `"k-2"`} {
		again := w.post(stamped("OF-1", "Anna", "06:05"), json, keyHeader, key)
		if again.expect(t, what, 202, ""); again.ID != first.ID {
			t.Errorf("%s: %s instead of %s", what, again.ID, first.ID)
		}
	}
	w.post(stamped("OF-1", "Berta", "06:00"), json).expect(t, "other values", 409, "submit.reference-used")
	w.post(stamped("OF-2", "Anna", "06:00"), json).expect(t, "another reference", 202, "")
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	repeats := 0
	for _, m := range w.timeline(first.ID) {
		if m.What == "repeat" && strings.Contains(m.Text, "/metadata/registration_timestamp") && !strings.Contains(m.Text, "06:0") {
			repeats++
		}
	}
	if repeats != 2 || one.count() != 2 {
		t.Errorf("%d repeats on record, %d written", repeats, one.count())
	}
}

// Without a reference and without a key a form is known by what makes it the same.
func TestSameWithoutReference(t *testing.T) {
	w, one := sameWorld(t, "", "form.values, form.metadata.public_reference")
	first := w.post(stamped("OF-1", "Anna", "06:00"), "application/json")
	again := w.post(stamped("OF-1", "Anna", "06:05"), "application/json")
	if first.expect(t, "first", 202, ""); first.ID != again.ID {
		t.Errorf("%s, then %s", first.ID, again.ID)
	}
	// A form that lacks a part is known by all its bytes.
	lacks := `{"values":{"name":"Anna"},"metadata":{"at":"AT"}}`
	a := w.post(strings.Replace(lacks, "AT", "1", 1), "application/json")
	b := w.post(strings.Replace(lacks, "AT", "2", 1), "application/json")
	if a.expect(t, "a", 202, ""); a.ID == b.ID || a.ID == first.ID {
		t.Error("forms that lack a part of same are taken for one another")
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	if one.count() != 3 {
		t.Errorf("%d written", one.count())
	}
}

// Bytes tell first that a form came before, then the rule of today. That only an earlier rule calls it the same is for a person to decide,
// or, with a reference, the conflict that it is by the rule of today.
func TestSameChanges(t *testing.T) {
	const ref, all, born = "reference: form.ref, ", "", "form.born"
	type step struct {
		rules []string // reference and same of the mapping from now on; nil: as before
		form  string
		key   string
		want  string // the form whose answer it gets; empty: it is refused
		state journal.State
	}
	const parked, delivered = journal.Parked, journal.Delivered
	rules := func(reference, same string) []string { return []string{reference, same} }
	const a, b = `{"values":{"name":"A"},"born":1,"ref":"1"}`, `{"values":{"name":"B"},"born":1,"ref":"1"}`
	const a2, c = `{"values":{"name":"A"},"born":1,"ref":"1","at":2}`, `{"values":{"name":"A"},"born":5,"ref":"1"}`
	for name, steps := range map[string][]step{
		"finer":                              {{rules("", born), a, "", a, delivered}, {rules("", born+", form.values"), b, "", b, parked}, {nil, b, "", b, parked}, {nil, a, "", a, delivered}},
		"finer, and both say so":             {{rules("", born), a, "", a, delivered}, {rules("", born+", form.values"), a2, "", a, delivered}},
		"finer by a stamp":                   {{rules("", born), a, "", a, delivered}, {rules("", born+", form.at"), a2, "", a2, parked}},
		"none any more":                      {{rules("", born), a, "", a, delivered}, {rules("", all), b, "", b, parked}, {nil, a, "", a, delivered}},
		"coarser":                            {{rules("", born+", form.values"), a, "", a, delivered}, {nil, b, "", b, delivered}, {rules("", born), b, "", b, delivered}, {nil, a, "", a, delivered}},
		"one for the first time":             {{rules("", all), a, "", a, delivered}, {rules("", born), a, "", a, delivered}, {nil, b, "", b, delivered}, {nil, b, "", b, delivered}},
		"finer, with a reference":            {{rules(ref, born), a, "", a, delivered}, {rules(ref, born+", form.values"), b, "", "", ""}, {nil, a, "", a, delivered}},
		"none, with a reference":             {{rules(ref, born), a, "", a, delivered}, {rules(ref, all), a2, "", "", ""}, {nil, a, "", a, delivered}},
		"coarser, with a reference":          {{rules(ref, born+", form.values"), a, "", a, delivered}, {rules(ref, born), b, "", a, delivered}},
		"finer, with the key of then":        {{rules("", born), a, "k", a, delivered}, {rules("", born+", form.values"), b, "k", "", ""}, {nil, a, "k", a, delivered}},
		"a reference after keys":             {{rules("", all), a, "k", a, delivered}, {rules(ref, all), a, "", a, delivered}, {nil, a, "k2", a, delivered}, {nil, a2, "", a2, delivered}},
		"a reference after keys, with same":  {{rules("", born), a, "k", a, delivered}, {rules(ref, born), a2, "", a, delivered}, {nil, b, "", a, delivered}},
		"another same beside the reference":  {{rules("", born), a, "k", a, delivered}, {rules(ref, "form.values"), c, "", c, delivered}},
		"a reference after keys, both known": {{rules("", all), a, "k", a, delivered}, {nil, a, "k2", a + "2", delivered}, {rules(ref, all), a, "", a, delivered}},
		"bytes before another form that has the same by another rule": {{rules("", born), a, "", a, delivered}, {rules("", "form.values"), c, "", c, delivered},
			{nil, a, "", a, delivered}, {rules("", all), a, "", a, delivered}, {nil, c, "", c, delivered}, {rules("", born), a, "", a, delivered}, {nil, c, "", c, delivered}},
		"nothing in what makes it the same": {{rules("", "form.none"), `{"values":{"name":"A"},"none":null}`, "", "1", delivered}, {nil, `{"values":{"name":"B"},"none":null}`, "", "2", delivered},
			{nil, `{"values":{"name":"B"},"none":null}`, "", "2", delivered}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := sameWorld(t, steps[0].rules[0], steps[0].rules[1])
			first := map[string]string{}
			for n, s := range steps {
				if n > 0 && s.rules != nil {
					w.sameBy(n+1, s.rules[0], s.rules[1])
					if err := w.reload(false); err != nil {
						t.Fatal(err)
					}
				}
				var header []string
				if s.key != "" {
					header = []string{keyHeader, `"` + s.key + `"`}
				}
				got := w.post(s.form, "application/json", header...)
				if s.want == "" {
					if got.Code == "" {
						t.Errorf("step %d: taken as %s", n, got.ID)
					}
					continue
				}
				got.expect(t, fmt.Sprint("step ", n), 202, "")
				for form, id := range first {
					if (form == s.want) != (id == got.ID) {
						t.Errorf("step %d: answered with %s, which is %s", n, id, form)
					}
				}
				first[s.want] = got.ID
				w.until(fmt.Sprint("step ", n, " ", s.state), func() bool { return w.stateOf(got.ID) == s.state })
			}
		})
	}
}

func (w *world) stateOf(id string) journal.State {
	w.t.Helper()
	n, err := journal.ParseID(id)
	if err == nil {
		var v journal.View
		if v, err = reading.Of(w.agent.Journal()).Show(context.Background(), n); err == nil {
			return v.State
		}
	}
	w.t.Fatal(err)
	return ""
}

// Files in a folder are compared in the same way, and a purged form stays known by it.
func TestSameInFolderAndPurged(t *testing.T) {
	w, one := sameWorld(t, ownReference, "form.values")
	w.write("in/a.json", stamped("OF-1", "Anna", "06:00"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	w.write("in/b.json", stamped("OF-1", "Anna", "06:05"))
	w.until("taken", func() bool { return len(w.files("in")) == 0 })
	if n := w.states()[journal.Parked]; n != 0 || one.count() != 1 {
		t.Errorf("%d parked, %d written", n, one.count())
	}
	w.purge(control.PurgeRequest{IDs: []journal.ID{w.only().ID}, By: "me", Reason: "test"})
	w.write("in/c.json", stamped("OF-1", "Anna", "06:10"))
	w.until("taken", func() bool { return len(w.files("in")) == 0 })
	if n := len(w.states()); n != 0 || one.count() != 1 {
		t.Errorf("after the purge: %v, %d written", w.states(), one.count())
	}
	w.write("in/d.json", stamped("OF-1", "Berta", "06:10"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
}

// A form that is refused for its reference is known by the same rule when it comes again under its file's name.
func TestSameWithRefusedReference(t *testing.T) {
	w, one := sameWorld(t, ownReference, "form.values")
	for _, at := range []string{"06:00", "06:05"} {
		w.write("in/a.json", stamped(" OF-1", "Anna", at))
		w.until("taken", func() bool { return len(w.files("in")) == 0 })
	}
	if n := w.states(); n[journal.Rejected]+n[journal.Closed] != 1 || n[journal.Parked] != 0 || one.count() != 0 {
		t.Errorf("%v, %d written", n, one.count())
	}
}
