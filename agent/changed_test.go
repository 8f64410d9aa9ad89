package agent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// What the mapping changed in values is on the submission's record, by field and number of characters, for rows, files and batches;
// what the citizen wrote is not, and the log has nothing of it.
func TestChangesOnRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("permit.yaml", strings.NewReplacer("charset: iso-8859-1", "charset: us-ascii, unmappable: {transliterate: german-ae}",
		"table: APPLICATION", "table: APPLICATION\n    charset: us-ascii\n    unmappable: {transliterate: din91379-ascii}",
		"{name: REF}, {name: NAME}", "{name: REF}, {name: NAME, width: 4, overflow: cut}").Replace(worldMapping))
	w.start()
	var ids []string
	for n := range 3 {
		ids = append(ids, w.post(form(fmt.Sprintf("REF-%d", n), "Größe"), "application/json").ID)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	for _, id := range ids {
		var have []string
		for _, m := range w.timeline(id) {
			if m.What == "changed" {
				have = append(have, m.Target+" "+m.Text)
			}
		}
		slices.Sort(have)
		want := []string{"batches line.NAME: characters that do not exist in us-ascii were transliterated: 2 by german-ae",
			"drop row.NAME: cut from 7 to 4 bytes", "register application.NAME: characters that do not exist in us-ascii were transliterated: 1 by din91379-ascii"}
		if !slices.Equal(have, want) {
			t.Errorf("%q", have)
		}
	}
	if log := w.log.String(); strings.Contains(log, "Größe") || strings.Contains(log, "Groesse") {
		t.Error(log)
	}
}

// A field that the mapping does not know is on the submission's record by its name, also where nothing is written; where the mapping says so, the form
// waits for a person.
func TestUnknownOnRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, input, write, want string }{
		{"written", "", "", "changed not written, since the mapping does not know these fields: form.fax"},
		{"nothing is written", "", `, when: 'form.name == "no"'`, "changed not written, since the mapping does not know these fields: form.fax"},
		{"parked", ", unknown: park", "", "parked form.unknown-field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write("permit.yaml", "mapping: permit\nversion: 1\nnothing: allow\ninput: {format: json, reference: form.reference"+c.input+"}\n"+
				"write:\n  - {as: application, to: register, table: APPLICATION, fields: {FORM_REF: form.reference, NAME: form.name}"+c.write+"}\n")
			w.start()
			id := w.post(`{"reference":"R-1","name":"Ada","fax":"0221-47110815"}`, "application/json").ID
			var all []string
			w.until("ended", func() bool {
				all = nil
				for _, m := range w.timeline(id) {
					all = append(all, strings.TrimSpace(m.What+" "+strings.TrimSpace(m.Code+" "+m.Text)))
				}
				return slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, c.want) })
			})
			if text := strings.Join(all, "\n") + w.log.String(); strings.Contains(text, "47110815") {
				t.Error(text)
			}
		})
	}
}
