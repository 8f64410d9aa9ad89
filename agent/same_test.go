package agent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
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

// A version of the mapping that compares in another way knows what came before it, with and without a reference.
func TestSameChanges(t *testing.T) {
	for _, reference := range []string{ownReference, ""} {
		all, narrow, wide := "", "form.values, form.metadata.public_reference", "form.values, form.metadata.public_reference, form.metadata.registration_timestamp"
		for _, c := range [][2]string{{all, narrow}, {narrow, wide}, {narrow, all}, {wide, narrow}} {
			w, one := sameWorld(t, reference, c[0])
			at := "06:00"
			first := w.post(stamped("OF-1", "Anna", at), "application/json")
			w.sameBy(2, reference, c[1])
			if err := w.reload(false); err != nil {
				t.Fatal(err)
			}
			if c[0] == narrow {
				at = "06:05" // the retry has another stamp, which did not count when the form came
			}
			again := w.post(stamped("OF-1", "Anna", at), "application/json")
			if first.expect(t, "first", 202, ""); again.ID != first.ID {
				t.Errorf("reference %q, %q then %q: %s, then %s %s", reference, c[0], c[1], first.ID, again.ID, again.Code)
			}
			if reference != "" && c[0] == wide {
				w.post(stamped("OF-1", "Anna", "06:09"), "application/json").expect(t, "the same by the rule of today", 202, "")
			}
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
			if one.count() != 1 {
				t.Errorf("%d written", one.count())
			}
		}
	}
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
