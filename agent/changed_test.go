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
