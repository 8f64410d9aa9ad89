package agent_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// A connector that ignores its time limit for ever holds up its own target only: no restart by the
// watchdog, the trouble in status, and no reload that would wait for it.
func TestHungTarget(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	release := make(chan struct{})
	var once sync.Once
	free := func() { once.Do(func() { close(release) }) }
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		<-release
		return written(g), nil
	}
	w := newScripted(t, one, two, "")
	t.Cleanup(free)
	var dogs, lines atomic.Int64
	w.startWith(func(o *agent.Options) {
		o.Clock = clock.NewFast(100)
		o.Watchdog = time.Minute
		o.Notify = func(event string) {
			if event == "watchdog" {
				dogs.Add(1)
			}
			if strings.Contains(event, "target one down since") {
				lines.Add(1)
			}
		}
	})
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("told in status", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble != nil && s.Targets[0].Trouble.Code == health.CodeHung
	})
	at := dogs.Load()
	w.until("the watchdog is fed all the same", func() bool { return dogs.Load() > at+3 })
	w.until("told to the service manager", func() bool { return lines.Load() > 0 })
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("the other target goes on", func() bool { return two.count() == 2 })
	if _, err := w.agent.Reload(context.Background(), control.ReloadRequest{}); err == nil || !strings.Contains(err.Error(), health.CodeHung) {
		t.Errorf("a reload: %v", err)
	}
	free()
	w.until("delivered once it answers", func() bool { return one.count() == 2 })
	w.until("no trouble any more", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble == nil
	})
	if one.doubled() != nil || two.doubled() != nil {
		t.Error("written twice")
	}
}
