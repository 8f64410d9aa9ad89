package agent_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

// replaced applies pairs of old and new to a text, each of which must be in it.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in %s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// A form that was known stays known, whatever of the configuration changes: nothing is written a second time without a person's word.
func TestKnownThroughChanges(t *testing.T) {
	const off, office, ref = ", front-office: portal", "front-office: portal", "reference: form.ref"
	repeat, parked, fresh := "repeat", "parked", "new"
	again := form("REF-1", "Anna")
	for _, c := range []struct {
		name     string
		config   []string // changes of what the agent starts with
		mapping  []string
		toConfig []string // changes after the first form
		toMap    []string
		form     string // that comes then; empty: the same
		purge    bool
		want     string
	}{
		{"front office taken off", nil, nil, []string{off, ""}, nil, "", false, repeat},
		{"front office taken off, purged", nil, nil, []string{off, ""}, nil, "", true, repeat},
		{"front office taken off, other content", nil, nil, []string{off, ""}, nil, form("REF-1", "Berta"), false, parked},
		{"front office taken off, other content, purged", nil, nil, []string{off, ""}, nil, form("REF-1", "Berta"), true, parked},
		{"front office taken off, another reference", nil, nil, []string{off, ""}, nil, form("REF-2", "Anna"), false, fresh},
		{"front office added", []string{off, ""}, nil, []string{"mapping: permit.yaml", "mapping: permit.yaml" + off}, nil, "", false, parked},
		{"front office added, purged", []string{off, ""}, nil, []string{"mapping: permit.yaml", "mapping: permit.yaml" + off}, nil, "", true, parked},
		{"front office renamed", nil, nil, []string{"portal", "city"}, nil, "", false, parked},
		{"in-basket renamed", []string{off, ""}, nil, []string{"permits", "forms"}, nil, "", false, repeat},
		{"route renamed", []string{off, ""}, nil, []string{"  permit: {from", "  building: {from"}, nil, "", false, repeat},
		{"route renamed, purged", []string{off, ""}, nil, []string{"  permit: {from", "  building: {from"}, nil, "", true, repeat},
		{"route renamed and its front office taken off", nil, nil, []string{"  permit: {from", "  building: {from", off, ""}, nil, "", false, repeat},
		{"route split", []string{off, ""}, nil, []string{"  permit: {from", "  dogs: {from: permits, match: '?.json', mapping: permit.yaml}\n  permit: {from"}, nil, "", false, parked},
		{"route split, purged", []string{off, ""}, nil, []string{"  permit: {from", "  dogs: {from: permits, match: '?.json', mapping: permit.yaml}\n  permit: {from"}, nil, "", true, parked},
		{"route split, other content", []string{off, ""}, nil, []string{"  permit: {from", "  dogs: {from: permits, match: '?.json', mapping: permit.yaml}\n  permit: {from"}, nil, form("REF-1", "Berta"), false, fresh},
		{"route split, and the form is still of the other one", []string{off, ""}, nil, []string{"  permit: {from", "  dogs: {from: permits, match: b.json, mapping: permit.yaml}\n  permit: {from"}, nil, "", false, fresh},
		{"route and mapping renamed", []string{off, ""}, nil, []string{"  permit: {from", "  building: {from"}, []string{"mapping: permit", "mapping: building"}, "", false, repeat},
		{"mapping renamed, another reference", nil, nil, []string{off, off}, []string{"mapping: permit", "mapping: building", ref, "reference: form.name"}, "", false, repeat},
		{"front office taken off, another reference by the mapping", nil, nil, []string{off, ""}, []string{"version: 1", "version: 2", ref, "reference: form.name"}, "", false, repeat},
		{"and that form is another", nil, nil, []string{off, ""}, []string{"version: 1", "version: 2", ref, "reference: form.name"}, form("REF-1", "Berta"), false, fresh},
	} {
		for _, restart := range []string{"reload", "restart", "journal of an older program"} {
			t.Run(c.name+", "+restart, func(t *testing.T) {
				t.Parallel()
				one := newScript(recorded)
				w := newScripted(t, one, newScript(recorded), "")
				config, mapping := replaced(t, fmt.Sprintf(scriptWorld, tokenHash), c.config...), replaced(t, scriptMapping, c.mapping...)
				w.write("inbasket.yaml", config)
				w.write("permit.yaml", mapping)
				w.start()
				w.write("in/a.json", again)
				w.until("delivered", func() bool { return one.count() == 1 && len(w.files("in")) == 0 && w.only().State != journal.Accepted })
				first := w.only().ID
				if c.purge {
					w.purge(control.PurgeRequest{IDs: []journal.ID{first}, By: "me", Reason: "test"})
				}
				w.write("inbasket.yaml", replaced(t, config, c.toConfig...))
				w.write("permit.yaml", replaced(t, mapping, c.toMap...))
				if restart == "reload" {
					if err := w.reload(false); err != nil {
						t.Fatal(err)
					}
				} else {
					w.halt()
					if restart != "restart" {
						w.forgetMarks()
					}
					w.start()
				}
				comes := c.form
				if comes == "" {
					comes = again
				}
				for _, name := range []string{"in/b.json", "in/c.json"} { // and once more: that is the same as before
					w.write(name, comes)
					w.until("taken", func() bool { return len(w.files("in")) == 0 })
				}
				w.until("settled", func() bool { return w.states()[journal.Accepted] == 0 })
				want := map[string]int{repeat: 1, parked: 1, fresh: 2}[c.want]
				if n := w.states()[journal.Parked]; one.count() != want || (n == 1) != (c.want == parked) || n > 1 {
					t.Errorf("%d written, states %v, want %s", one.count(), w.states(), c.want)
				}
				if c.want == parked { // a person has a way out
					w.released(w.parkedForms()...)
					w.until("released", func() bool { return one.count() == 2 })
				}
			})
		}
	}
}

// What was parked unread is not written beside what came again in the meantime, whoever it was known to.
func TestUnreadAndKnownBefore(t *testing.T) {
	t.Parallel()
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("permit.yaml", replaced(t, scriptMapping, "format: json", "format: json, limits: {bytes: 10B}"))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	unread := w.parkedForms()
	w.write("permit.yaml", replaced(t, scriptMapping, "version: 1", "version: 2"))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	w.write("in/b.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return one.count() == 1 })
	w.write("inbasket.yaml", replaced(t, fmt.Sprintf(scriptWorld, tokenHash), ", front-office: portal", ""))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	said, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: unread, Mapping: true, By: "me"})
	if text := fmt.Sprint(said, err); !strings.Contains(text, "which is or has the reference of") {
		t.Errorf("%s", text)
	}
	if w.states()[journal.Parked] != 1 || one.count() != 1 {
		t.Errorf("%v, %d written", w.states(), one.count())
	}
}

func (w *world) parkedForms() (ids []journal.ID) {
	w.t.Helper()
	list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{State: journal.Parked})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list {
		ids = append(ids, e.ID)
	}
	return ids
}

func (w *world) released(ids ...journal.ID) {
	w.t.Helper()
	if _, err := orders.Release.Give(context.Background(), w.agent.Desk(), control.ReleaseRequest{IDs: ids, By: "me"}); err != nil {
		w.t.Fatal(err)
	}
}

// forgetMarks makes the journal one of a program that did not keep which routes there were.
func (w *world) forgetMarks() {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "state", "journal", journal.FileName))
	if err == nil {
		_, err = db.Exec("DELETE FROM mark WHERE name='routes'")
		err = firstOf(err, db.Close())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// A form that comes again after the mapping names it otherwise is known by the one rule or by the other, never by half of both; where the
// rules contradict each other a person decides.
func TestKnownByWholeRules(t *testing.T) {
	const byName, byRef, none, values, all = "reference: form.values.name, ", ownReference, "", "form.values", ""
	repeat, parked, fresh := "repeat", "parked", "new"
	for _, c := range []struct {
		name             string
		wasRef, wasSame  string
		isRef, isSame    string
		again            string
		posted, purge    bool
		firstKey, andKey string
		want             string
	}{
		{name: "the name alone was a reference, and what makes it the same leaves the rest out", wasRef: byName, wasSame: all, isRef: none, isSame: values,
			again: stamped("OF-2", "Anna", "06:05"), want: fresh},
		{name: "the same, posted under another key", wasRef: byName, wasSame: all, isRef: none, isSame: values,
			again: stamped("OF-2", "Anna", "06:05"), posted: true, firstKey: `"k-1"`, andKey: `"k-2"`, want: fresh},
		{name: "the very same form under another key", wasRef: byName, wasSame: all, isRef: none, isSame: values,
			again: stamped("OF-1", "Anna", "06:00"), posted: true, firstKey: `"k-1"`, andKey: `"k-2"`, want: repeat},
		{name: "the rules of both times contradict each other", wasRef: byName, wasSame: values, isRef: byRef, isSame: values,
			again: stamped("OF-2", "Anna", "06:05"), want: parked},
		{name: "they agree", wasRef: byName, wasSame: values, isRef: byRef, isSame: values, again: stamped("OF-1", "Anna", "06:05"), want: repeat},
		{name: "they agree, and it is purged", wasRef: byName, wasSame: values, isRef: byRef, isSame: values,
			again: stamped("OF-1", "Anna", "06:00"), purge: true, want: parked},
		{name: "all bytes, purged", wasRef: byName, wasSame: all, isRef: byRef, isSame: values, again: stamped("OF-1", "Anna", "06:00"), purge: true, want: repeat},
		{name: "a reference was added", wasRef: none, wasSame: all, isRef: byRef, isSame: all, again: stamped("OF-1", "Anna", "06:00"), posted: true, want: repeat},
		{name: "a reference was added, purged", wasRef: none, wasSame: all, isRef: byRef, isSame: all,
			again: stamped("OF-1", "Anna", "06:00"), posted: true, purge: true, want: repeat},
		{name: "a reference and a rule were added", wasRef: none, wasSame: all, isRef: byRef, isSame: values,
			again: stamped("OF-1", "Anna", "06:00"), posted: true, want: repeat},
		{name: "a reference was added to a rule", wasRef: none, wasSame: values, isRef: byRef, isSame: values,
			again: stamped("OF-1", "Anna", "06:05"), posted: true, want: repeat},
		{name: "a reference was taken away", wasRef: byRef, wasSame: all, isRef: none, isSame: all, again: stamped("OF-1", "Anna", "06:00"), posted: true, want: repeat},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, one := sameWorld(t, c.wasRef, c.wasSame)
			send := func(name, text, key string) {
				if !c.posted {
					w.write("in/"+name, text)
					w.until("taken", func() bool { return len(w.files("in")) == 0 })
					return
				}
				var header []string
				if key != "" {
					header = []string{keyHeader, key}
				}
				w.post(text, "application/json", header...).expect(t, name, 202, "")
			}
			send("a.json", stamped("OF-1", "Anna", "06:00"), c.firstKey)
			w.until("delivered", func() bool { return one.count() == 1 && w.only().State != journal.Accepted })
			if c.purge {
				w.purge(control.PurgeRequest{IDs: []journal.ID{w.only().ID}, By: "me", Reason: "test"})
			}
			w.sameBy(2, c.isRef, c.isSame)
			if err := w.reload(false); err != nil {
				t.Fatal(err)
			}
			for range 2 { // and once more: that is the same as before
				send("b.json", c.again, c.andKey)
			}
			w.until("settled", func() bool { return w.states()[journal.Accepted] == 0 })
			want := map[string]int{repeat: 1, parked: 1, fresh: 2}[c.want]
			if n := w.states()[journal.Parked]; one.count() != want || (n == 1) != (c.want == parked) || n > 1 {
				t.Errorf("%d written, states %v, want %s", one.count(), w.states(), c.want)
			}
		})
	}
}
