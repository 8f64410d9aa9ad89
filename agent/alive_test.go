package agent

import (
	"context"
	"strings"
	"testing"
	"time"
)

// An agent of which a part is stuck says so to who watches it, without asking the journal, which may be what is stuck.
func TestAliveTellsOfWhatIsStuck(t *testing.T) {
	w := newWatched(answered)
	ctx, leave := w.agent.pulse.enter(context.Background(), kindTarget, "register")
	defer leave()
	waiting(ctx)() // work of its own
	w.pass(ownLimit + time.Minute)
	reasons := w.agent.Alive(t.Context())
	if len(reasons) != 1 || reasons[0].Code != CodeStuck || !strings.Contains(reasons[0].Text, "target register") {
		t.Errorf("%+v", reasons)
	}
}
