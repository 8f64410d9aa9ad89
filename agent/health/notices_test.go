package health

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// The same notice a thousand times leaves room for the others.
func TestNoticesAreCounted(t *testing.T) {
	f := newCounters(clock.NewManual(), nil)
	f.remember(connectors.Notice{Code: "a.b", Text: "rare"})
	for range 3 * noticesKept {
		f.remember(connectors.Notice{Code: "c.d", Text: "often"})
	}
	got := f.Notices()
	if len(got) != 2 || got[0].Text != "rare" || got[0].Count != 1 || got[1].Count != 3*noticesKept {
		t.Errorf("%+v", got)
	}
}
