package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// finds lists the references of submissions that the agent finds by a key.
func (w *world) finds(key, value string) (refs string) {
	w.t.Helper()
	list, err := orders.List.Give(context.Background(), w.agent.Desk(), control.ListRequest{Key: key, Value: value, By: "anna"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list {
		refs += e.Reference + " "
	}
	return strings.TrimSpace(refs)
}

const worldKeys = `keys:
  name: {value: form.name, keep: encrypted}
  parcel: map(form.parcels ?? [], .number)
  case: {value: '"A-" + text(application.ID)', keep: hashed}
  number: (form.name | integer())
  ref: {value: submission.id + "/" + form.ref, compare: exact}
`

// TestKeys finds submissions by what their forms say and by what a target returned, also one that is parked, and puts on record who did; a
// key that cannot be computed stops nothing.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(worldMapping, "answer:\n", worldKeys+"answer:\n", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Maximiliane"))
	w.write("in/b.json", form("REF-2", "forbidden"))
	w.until("delivered", func() bool {
		return w.states()[journal.Parked] == 1 && w.number("select count(*) from APPLICATION") == 1 && w.to("REF-1", "register").Progress == journal.Done
	})
	v := w.view("REF-1")
	for _, c := range [][3]string{{"name", "MAXIMILIANE", "REF-1"}, {"name", "Forbidden", "REF-2"}, {"name", "Maxi", ""}, {"case", "a1", "REF-1"}, {"case", "1", ""},
		{"ref", v.ID.String() + "/REF-1", "REF-1"}, {"ref", v.ID.String() + "/REF1", ""}} {
		if got := w.finds(c[0], c[1]); got != c[2] {
			t.Errorf("%s=%s finds %q", c[0], c[1], got)
		}
	}
	if got := w.finds("parcel", "2"); !strings.Contains(got, "REF-1") || !strings.Contains(got, "REF-2") {
		t.Errorf("parcel finds %q", got)
	}
	for _, raw := range []bool{false, true} {
		shown, err := orders.Show.Give(context.Background(), w.agent.Desk(), control.ShowRequest{ID: v.ID, Raw: raw})
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, k := range shown.Keys {
			all += k.Name + "=" + k.Value + " " + k.Keep + ", "
		}
		want := "case= hashed, name= encrypted, parcel= plain, parcel= plain, ref= plain, "
		if raw {
			want = "case= hashed, name=Maximiliane encrypted, parcel=1 plain, parcel=2 plain, ref=" + v.ID.String() + "/REF-1 plain, "
		}
		if all != want {
			t.Errorf("shown with raw %v: %s", raw, all)
		}
	}
	w.recorded(v.ID.String(), "no key", 1)
	list, err := orders.Audit.Give(context.Background(), w.agent.Desk(), audit.Filter{Who: "anna"})
	if err != nil || len(list) != 8 || list[0].Action != "find-key" || list[0].Details["key"] == "" {
		t.Errorf("%d entries, %v", len(list), err)
	}
	for _, e := range list {
		for _, value := range e.Details {
			if strings.Contains(strings.ToLower(value), "maxi") {
				t.Errorf("on record stands %q", value)
			}
		}
	}
	if strings.Contains(strings.ToLower(w.log.String()), "maxi") {
		t.Errorf("the log tells a key:\n%s", w.log)
	}
}

// TestKeysOfAChangedMapping leaves submissions the keys that they have, and gives those of the new mapping to what is delivered by it.
func TestKeysOfAChangedMapping(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(worldMapping, "answer:\n", "keys: {name: form.name}\nanswer:\n", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.write("in/b.json", form("REF-2", "forbidden"))
	w.until("delivered", func() bool {
		return w.states()[journal.Parked] == 1 && w.number("select count(*) from APPLICATION") == 1
	})
	next := strings.Replace(strings.Replace(worldMapping, "answer:\n", "keys: {surname: form.name}\nanswer:\n", 1), "version: 1", "version: 2", 1)
	w.write("permit.yaml", strings.Replace(next, "form.name | trim() | upper()", `'form.name | lower() | replace("f", "B")'`, 1))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if out, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{w.view("REF-2").ID}, Mapping: true, By: "me"}); err != nil || out[0].Error != nil {
		t.Fatal(out, err)
	}
	w.until("delivered", func() bool { return w.to("REF-2", "register").Progress == journal.Done })
	if got := w.finds("name", "Anna") + " " + w.finds("name", "forbidden") + " " + w.finds("surname", "forbidden") + " " + w.finds("surname", "Anna"); got != "REF-1 REF-2 REF-2 " {
		t.Errorf("found %q", got)
	}
}
