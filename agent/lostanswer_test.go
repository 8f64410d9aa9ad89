package agent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

// An order whose commit was made and its answer lost fails, and what stood behind the delivery goes on all the same.
func TestOrderWhoseAnswerIsLost(t *testing.T) {
	ctx := context.Background()
	for name, give := range map[string]func(w *world, id journal.ID) error{
		"confirm": func(w *world, id journal.ID) error {
			_, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: id, Target: "one", Reason: "it is there", By: "me"})
			return err
		},
		"reject": func(w *world, id journal.ID) error {
			_, err := orders.Reject.Give(ctx, w.agent.Desk(), control.RejectRequest{ID: id, Reason: "no", Force: true, By: "me"})
			return err
		},
		"retry": func(w *world, id journal.ID) error {
			out, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{id}, By: "me"})
			if err == nil && out[0].Error != nil {
				err = out[0].Error
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(connectors.Abilities{Recorded: true}), newScript(recorded)
			one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				out := written(g)
				for i, d := range g.Items {
					if nameOf(d) == "K1 a" {
						out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
					}
				}
				return out, nil
			}
			w := newScripted(t, one, two, "order: 'form.name | substring(0, 2)'\n")
			var lost atomic.Bool
			w.startWith(func(o *agent.Options) {
				o.Surround.Commit = journal.Hooks{AfterCommit: func() error {
					if lost.Load() {
						return errors.New("the answer is lost")
					}
					return nil
				}}
			})
			for i, n := range []string{"K1 a", "K1 b"} {
				w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), n))
				w.until("taken in this order", func() bool { return len(w.files("in")) == 0 })
			}
			w.until("parked", func() bool { return w.to("REF-0", "one").Progress == journal.Held })
			one.set(func() { one.deliver = nil })
			lost.Store(true)
			err := give(w, w.view("REF-0").ID)
			lost.Store(false)
			if err == nil {
				t.Error("the order says that it was carried out, and nobody knows")
			}
			w.until("the next one goes on", func() bool { return w.to("REF-1", "one").Progress == journal.Done })
			if again := slices.ContainsFunc(one.names(), func(n string) bool { return strings.HasPrefix(n, "K1 a") }); again != (name == "retry") {
				t.Errorf("delivered: %v", one.names())
			}
		})
	}
}
