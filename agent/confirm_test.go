package agent_test

import (
	"context"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

// A held batch whose file a person has found at the target is delivered on that person's word, without
// being sent again, and the next one goes under the next number.
func TestConfirmBatch(t *testing.T) {
	w, s := newBatching(t)
	refuse := make(chan struct{})
	s.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		select {
		case <-refuse:
			return written(g), nil
		default:
			return nil, connectors.Errorf(connectors.ItemError, "test.taken", "rename", "", "taken")
		}
	}
	w.start()
	w.drop(0, 3)
	w.until("held", func() bool {
		open, err := w.agent.Journal().Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Held
	})
	ctx := context.Background()
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 7, By: "me", Reason: "test"}); err == nil {
		t.Error("a batch that there is not was confirmed")
	}
	parked, err := w.agent.Journal().List(ctx, journal.Filter{State: journal.Parked})
	if err != nil || len(parked) != 3 || parked[0].Code != "test.taken" {
		t.Fatalf("%+v, %v", parked, err)
	}
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: parked[0].ID, Target: "batches", By: "me", Reason: "test"}); err == nil {
		t.Error("one member of a batch was confirmed alone")
	}
	close(refuse)
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 1, By: "me", Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	w.drop(3, 6)
	w.until("the next", func() bool { return w.states()[journal.Delivered] == 6 })
	v, err := w.agent.Journal().Show(ctx, parked[0].ID)
	if err != nil || v.Code != "" {
		t.Errorf("%+v, %v", v.Entry, err)
	}
	told := false
	for _, m := range v.Timeline {
		told = told || m.What == "confirmed" && m.By == "me" && m.Text == "test"
	}
	if !told {
		t.Errorf("nobody is on record: %+v", v.Timeline)
	}
	if seqs, _ := s.numbers(); seqs[len(seqs)-1] != 2 {
		t.Errorf("batches %v", seqs)
	}
}
