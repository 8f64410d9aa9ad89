package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/loop"
)

// An agent of which a part is stuck says so to who watches it, without asking the journal, which may be what is stuck.
func TestAliveTellsOfWhatIsStuck(t *testing.T) {
	w := newWatched(answered)
	_, b, leave := w.agent.beats.Enter(context.Background(), kindTarget, "register")
	defer leave()
	b.Do("work", loop.OwnLimit)
	w.pass(loop.OwnLimit + time.Minute)
	reasons := w.agent.Alive(t.Context())
	if len(reasons) != 1 || reasons[0].Code != CodeStuck || !strings.Contains(reasons[0].Text, "target register") {
		t.Errorf("%+v", reasons)
	}
}
