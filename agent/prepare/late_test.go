package prepare

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/mapping"
)

// TestLateRefusal: a form that turns out wrong, or cannot be mapped, once its front office knows a decision or a delivery, is held for a person and
// listed; nothing is given up, rejected or left open by the agent itself.
func TestLateRefusal(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, dir := t.Context(), t.TempDir()
	store, err := content.Open(dir + "/content")
	must(err)
	j, err := journal.Open(ctx, dir, journal.Options{Content: store})
	must(err)
	defer func() { must(j.Close()) }()
	plan := journal.Plan{Digest: sha256.Sum256([]byte("p")), Name: "permit", Version: 1, Bundle: []byte("b")}
	must(j.PutPlan(ctx, plan))
	for _, decided := range []bool{true, false} {
		for _, made := range []Made{{wrong: []mapping.FieldError{{Code: "x"}}}, {err: errors.New("the mapping's fault")}} {
			ref := map[bool]string{true: "decided", false: "delivered"}[decided] + map[bool]string{true: " wrong", false: " fault"}[made.err == nil]
			said, err := accepting.Of(j).Accept(ctx, []journal.Arrival{{Scope: "portal", Office: "portal", Inbasket: "i", Route: "r", Plan: plan.Digest,
				Reference: ref, Digest: sha256.Sum256([]byte(ref)), ContentType: "application/json", Form: []byte("{}"), Targets: []string{"x"}}})
			must(err)
			id, was := said[0].ID, journal.Decided
			if decided {
				_, err = deciding.Of(j).Results(ctx, []journal.Outcome{{Source: "person", ResultID: ref, ID: id, Outcome: "approved", By: "clerk"}})
				must(err)
			} else {
				must(delivering.Of(j).Apply(ctx, []journal.Change{{ID: id, Target: "x", To: journal.Done}}))
				must(delivering.Of(j).Reopen(ctx, []journal.ID{id}, "x", "op"))
				was = journal.Delivered
			}
			stored, err := delivering.Of(j).Load(ctx, "x", []journal.ID{id})
			must(err)
			made.Form = &Form{Stored: stored[0]}
			_, err = (&Preparer{Journal: j}).Record(ctx, []Made{made})
			must(err)
			v, err := reading.Of(j).Show(ctx, id)
			must(err)
			list, err := reading.Of(j).List(ctx, journal.Filter{State: journal.Parked, Reference: ref})
			must(err)
			if v.State != was || v.Deliveries[0].Progress != journal.Held || len(list) != 1 {
				t.Errorf("%s: %s, delivery %s, listed %d times", ref, v.State, v.Deliveries[0].Progress, len(list))
			}
		}
	}
}
