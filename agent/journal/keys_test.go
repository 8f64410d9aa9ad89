package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
	"github.com/inbasket/inbasket/connectors"
)

// having lists the references of submissions that have a value of a key.
func (r *rig) having(name, value string) (refs string) {
	r.Helper()
	list, err := r.List(r.ctx(), journal.Filter{Key: name, Value: value})
	r.must(err)
	for _, e := range list {
		refs += e.Reference + " "
	}
	return strings.TrimSpace(refs)
}

// keyed accepts a form with keys.
func (r *rig) keyed(ref string, keys ...journal.Key) journal.ID {
	r.Helper()
	a := arrival(ref, "x")
	a.Keys = keys
	return r.accept(a)[0].ID
}

// TestFoundByKey looks for submissions by keys, however each is kept and compared.
func TestFoundByKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		exact bool
		value string
		asked map[string]bool
	}{
		"loose":                       {false, "B-AB 123", map[string]bool{"B-AB 123": true, "bab123": true, " b‑ab\u00a0123 ": true, "B-AB 124": false, "B-AB": false, "": false}},
		"exact":                       {true, "B-AB 123", map[string]bool{"B-AB 123": true, " B-AB 123 ": true, "bab123": false, "B-AB123": false}},
		"NFC":                         {true, "Mu\u0308ller", map[string]bool{"M\u00fcller": true, "Muller": false}},
		"folded":                      {false, "Straße", map[string]bool{"STRASSE": true, "strasse": true, "Strase": false}},
		"what looks like a loose one": {true, "bab123", map[string]bool{"B-AB 123": false, "bab123": true}},
	} {
		for _, keep := range []string{"plain", "hashed", "encrypted"} {
			t.Run(name+" "+keep, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				id := r.keyed("A", journal.Key{Name: "plate", Value: c.value, Keep: keep, Exact: c.exact}, journal.Key{Name: "other", Value: "ZZ-1", Keep: keep})
				r.keyed("B", journal.Key{Name: "other", Value: c.value, Keep: keep, Exact: c.exact})
				r.reopen()
				for asked, found := range c.asked {
					if got := r.having("plate", asked); (got == "A") != found || !found && got != "" {
						t.Errorf("%q finds %q", asked, got)
					}
				}
				v, err := r.Show(r.ctx(), id)
				r.must(err)
				shown := map[string]string{"plain": c.value, "hashed": "", "encrypted": c.value}[keep]
				if len(v.Keys) != 2 || v.Keys[1].Name != "plate" || v.Keys[1].Value != shown || v.Keys[0].Keep != keep {
					t.Errorf("shown %+v", v.Keys)
				}
			})
		}
	}
}

// TestKeyNobodyHas refuses to look for a key that no submission has: a misspelt one would find nothing.
func TestKeyNobodyHas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ask := func() string {
		_, err := r.List(r.ctx(), journal.Filter{Key: "plat", Value: "x"})
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != searching.CodeUnknown {
			t.Fatal(err)
		}
		return e.Hint
	}
	if hint := ask(); hint != "no mapping in use has keys yet" {
		t.Error(hint)
	}
	r.keyed("A", journal.Key{Name: "plate", Value: "x", Keep: "plain"}, journal.Key{Name: "tax", Value: "x", Keep: "hashed"})
	if hint := ask(); hint != "there are: plate, tax" {
		t.Error(hint)
	}
}

// TestKeysOfADelivery has what a target returned be a key, and notes once what could not be computed.
func TestKeysOfADelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	failed := journal.Key{Name: "tax", Failed: "field.not-text"}
	id := r.keyed("A", journal.Key{Name: "plate", Value: "B-1", Keep: "plain"}, failed)
	for range 2 { // and what comes again is nothing new
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Keys: []journal.Key{
			{Name: "plate", Value: "B-1", Keep: "plain"}, {Name: "case", Value: "4711", Keep: "hashed"}, {Name: "case", Value: "4712", Keep: "hashed"}, {Name: "blank", Value: " - ", Keep: "plain"}, failed}}}))
	}
	if got := r.having("case", "4712") + r.having("case", "4711") + r.having("plate", "b1"); got != "AAA" {
		t.Errorf("found %q", got)
	}
	v, err := r.Show(r.ctx(), id)
	r.must(err)
	notes := ""
	for _, m := range v.Timeline {
		if m.What == "no key" {
			notes += m.Code + " " + m.Text
		}
	}
	if notes != "submission.no-key key tax: field.not-text" || len(v.Keys) != 3 {
		t.Errorf("%q, %+v", notes, v.Keys)
	}
}

// TestKeysGoWithTheContent leaves no key of what is purged, and none that is not plain readable in the file before.
func TestKeysGoWithTheContent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := arrival("A", "x")
	for _, keep := range []string{"plain", "hashed", "encrypted"} {
		a.Keys = append(a.Keys, journal.Key{Name: keep, Value: "canary" + keep, Keep: keep})
	}
	id := r.accept(a)[0].ID
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Final: true}}))
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	if seen := r.written("canary"); seen != "plain" {
		t.Errorf("in the file stands %q", seen)
	}
	if gone := r.purge(id); len(gone) != 1 {
		t.Fatal(r.state(id))
	}
	r.scrub()
	if seen := r.written("canary"); seen != "" {
		t.Errorf("after the purge there is %q", seen)
	}
	if _, err := r.List(r.ctx(), journal.Filter{Key: "plain", Value: "canaryplain"}); err == nil {
		t.Error("it is still found")
	}
	if list, err := r.List(r.ctx(), journal.Filter{State: journal.Purged, Key: "plain", Value: "canaryplain"}); err != nil || len(list) > 0 {
		t.Errorf("a tombstone is found: %v, %v", list, err)
	}
	r.check()
}

// written tells which keys stand readable in the journal's files.
func (r *rig) written(prefix string) (seen string) {
	r.Helper()
	r.must(r.Checkpoint(r.ctx()))
	var all []byte
	files, err := filepath.Glob(filepath.Join(r.dir, journal.FileName+"*"))
	r.must(err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		r.must(err)
		all = append(all, b...)
	}
	for _, keep := range []string{"plain", "hashed", "encrypted"} {
		if strings.Contains(string(all), prefix+keep) {
			seen += keep
		}
	}
	return seen
}

// TestKeysOfAnOlderJournal lifts a journal that has no keys, which a reader takes as it is.
func TestKeysOfAnOlderJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	older(t, dir, 9, fmt.Sprintf("INSERT INTO plan(id, digest, name, version, bundle, used, at) VALUES(1, x'%x', 'permit', 1, x'00', 1, 1)", planA.Digest))
	old, err := journal.OpenReadOnly(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, clock: newClock(), dir: dir}
	r.use(old)
	if _, err := r.List(r.ctx(), journal.Filter{Key: "plate", Value: "x"}); err == nil || !strings.Contains(err.Error(), "journal.unknown-key") {
		t.Error(err)
	}
	r.must(r.Close())
	r.opts = journal.Options{Clock: r.clock}
	r.open()
	defer func() { r.must(r.Close()) }()
	r.keyed("A", journal.Key{Name: "plate", Value: "x", Keep: "hashed"})
	if got := r.having("plate", "X"); got != "A" {
		t.Errorf("found %q", got)
	}
}

// asking counts the statements about keys.
type asking struct {
	engine.Session
	search *int
}

func (a asking) Exec(sql string, args ...any) (int64, error) {
	if strings.Contains(sql, "search(") {
		*a.search++
	}
	return a.Session.Exec(sql, args...)
}

// TestKeysOfABatchAreOneStatement writes the keys of all forms that are accepted together at once, and nothing where there are none.
func TestKeysOfABatchAreOneStatement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys []journal.Key
		want int
	}{
		"none": {nil, 0},
		"some": {[]journal.Key{{Name: "plate", Value: "x", Keep: "plain"}}, 1},
		"more": {[]journal.Key{{Name: "a", Value: "x", Keep: "plain"}, {Name: "b", Value: "x", Keep: "hashed"}, {Name: "c", Value: "x", Keep: "encrypted"}, {Name: "d", Value: "x", Keep: "plain"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			run := 0
			r.must(r.Do(r.ctx(), "count", func(t *journal.Tx) error { t.Conn.Session = asking{t.Conn.Session, &run}; return nil }))
			var batch []journal.Arrival
			for n := range 16 {
				a := arrival(fmt.Sprint(n), "x")
				a.Keys = c.keys
				batch = append(batch, a)
			}
			r.accept(batch...)
			if run != c.want {
				t.Errorf("%d statements", run)
			}
		})
	}
}
