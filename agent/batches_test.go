package agent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/test/clock"
)

// newBatching makes a world whose batches go to a script, three to a batch.
func newBatching(t *testing.T) (*world, *script) {
	t.Helper()
	s := newScript(connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put)})
	w := newWorld(t)
	w.reg = registry(map[string]connectors.Target{"batches": staging{s}})
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), "batches: {folder: {path: batches}", "batches: {script: {path: b}", 1))
	return w, s
}

func (w *world) drop(from, to int) {
	w.t.Helper()
	for i := from; i < to; i++ {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
	}
}

// numbers returns the numbers of the batches that were delivered, and how many travelled in them.
func (s *script) numbers() (seqs []int64, items int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.groups {
		seqs, items = append(seqs, g.Seq), items+len(g.Items)
	}
	return seqs, items
}

// Rejecting a member of a sealed batch needs an explicit word, and then the batch still goes.
func TestRejectMemberOfSealedBatch(t *testing.T) {
	w, s := newBatching(t)
	s.stage = func(context.Context, connectors.Group) error {
		return connectors.Errorf(connectors.TargetError, "test.down", "stage", "", "down")
	}
	w.start()
	w.drop(0, 3)
	var batch journal.Batch
	w.until("sealed", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		if len(open) == 1 {
			batch = open[0]
		}
		return err == nil && len(open) == 1
	})
	w.until("the rest is delivered", func() bool { return w.number("select count(*) from APPLICATION") == 3 && len(w.files("drop")) == 6 })
	order := control.RejectRequest{ID: batch.Members[1], Reason: "withdrawn"}
	if _, err := orders.Reject.Give(context.Background(), w.agent.Desk(), order); !errors.Is(err, journal.ErrPartlyDelivered) {
		t.Errorf("without force: %v", err)
	}
	order.Force = true
	if _, err := orders.Reject.Give(context.Background(), w.agent.Desk(), order); err != nil {
		t.Fatal(err)
	}
	s.set(func() { s.stage = nil })
	w.until("the batch goes", func() bool { return w.states()[journal.Delivered] == 2 })
	if seqs, n := s.numbers(); len(seqs) != 1 || n != 3 {
		t.Errorf("batches %v with %d items", seqs, n)
	}
	if n := w.states()[journal.Rejected]; n != 1 {
		t.Errorf("%d rejected", n)
	}
}

// A batch that cannot even be put in place stops its target; nothing of it must count as taken by the
// legacy system, neither on a retry nor after a restart.
func TestBatchRefusedBeforeStaging(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			w, s := newBatching(t)
			s.found = connectors.Present // as a look-up sees it when nothing is there: taken
			s.stage = func(context.Context, connectors.Group) error {
				return connectors.Errorf(connectors.ItemError, "test.name", "stage", "", "name")
			}
			w.start()
			w.drop(0, 3)
			w.until("held", func() bool {
				st, err := w.agent.Health().Status(context.Background())
				return err == nil && st.Targets[2].Trouble != nil && st.Targets[2].Trouble.Code == "batch.held"
			})
			s.set(func() { s.stage = nil })
			if restart {
				w.halt()
				w.start()
			} else if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Target: "batches"}); err != nil {
				t.Fatal(err)
			}
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
			if seqs, n := s.numbers(); len(seqs) != 1 || n != 3 {
				t.Errorf("batches %v with %d items", seqs, n)
			}
		})
	}
}

// A batch is not voided while it is being sent; once voided, its members travel under the next number.
func TestVoid(t *testing.T) {
	w, s := newBatching(t)
	began, goOn := make(chan struct{}, 10), make(chan error, 10)
	s.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		began <- struct{}{}
		if err := <-goOn; err != nil {
			return nil, err
		}
		return written(g), nil
	}
	w.startWith(func(o *agent.Options) { o.Clock = clock.NewFast(100) })
	w.drop(0, 3)
	<-began
	order := control.VoidRequest{Target: "batches", Seq: 1, By: "me", Reason: "test"}
	var refused *control.Error
	if _, err := orders.Void.Give(context.Background(), w.agent.Desk(), order); !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Errorf("voided while it was being sent: %v", err)
	}
	goOn <- connectors.Errorf(connectors.ItemError, "test.taken", "rename", "", "taken")
	w.until("held", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Held
	})
	if _, err := orders.Void.Give(context.Background(), w.agent.Desk(), order); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	if seqs, _ := s.numbers(); len(seqs) != 2 || seqs[1] != 2 {
		t.Errorf("batches %v", seqs)
	}
}

// A restart carries on a batch in whatever state it was left: no number is left out, none comes twice.
func TestBatchAcrossRestarts(t *testing.T) {
	w, s := newBatching(t)
	s.found = connectors.Absent
	s.stage = func(context.Context, connectors.Group) error {
		return connectors.Errorf(connectors.Transient, "test.down", "stage", "", "down")
	}
	w.start()
	w.drop(0, 7)
	w.until("sealed", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1
	})
	w.halt() // sealed
	s.set(func() {
		s.stage = nil
		s.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
			return nil, connectors.Errorf(connectors.Transient, "test.down", "deliver", "", "down")
		}
	})
	w.start()
	w.until("staged", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Staged
	})
	w.halt() // staged
	s.set(func() {
		s.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) { return nil, errors.New("cut") }
	})
	w.start()
	w.until("unclear", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Unclear
	})
	w.halt() // unclear
	s.set(func() { s.deliver, s.groups = nil, nil })
	w.start()
	w.until("two batches delivered", func() bool { return w.states()[journal.Delivered] == 6 })
	if seqs, n := s.numbers(); fmt.Sprint(seqs) != "[1 2]" || n != 6 {
		t.Errorf("batches %v with %d items", seqs, n)
	}
}

// An open batch that loses a member to a rejection still seals and goes.
func TestRejectBeforeSealing(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/0.json", `{"ref": "REF-0", "name": "forbidden"}`)
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if _, err := orders.Reject.Give(context.Background(), w.agent.Desk(), control.RejectRequest{ID: w.only().ID, Reason: "no", Force: true}); err != nil {
		t.Fatal(err)
	}
	w.drop(1, 4)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	b, err := os.ReadFile(filepath.Join(w.dir, "batches", "B000001.DAT"))
	if err != nil || strings.Contains(string(b), "REF-0") || strings.Count(string(b), "REF-") != 3 {
		t.Errorf("%q, %v", b, err)
	}
}

// What a target refuses for sure and leaves as it was staged is sent again after a restart, although a look-up then
// sees what "taken by the legacy system" looks like.
func TestRefusedAndUntouched(t *testing.T) {
	for _, class := range []connectors.Class{connectors.TargetError, connectors.Transient, connectors.ItemError} {
		t.Run(class.String(), func(t *testing.T) {
			w, s := newBatching(t)
			s.found = connectors.Present
			s.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				out := written(g)
				for i := range out {
					out[i].Class, out[i].Code, out[i].Untouched = class, "test.refused", true
				}
				return out, nil
			}
			w.start()
			w.drop(0, 3)
			w.until("refused, and as it was", func() bool {
				open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
				if class == connectors.ItemError {
					return err == nil && len(open) == 1 && open[0].Progress == journal.Held && open[0].Untouched && w.states()[journal.Parked] == 3
				}
				return err == nil && len(open) == 1 && open[0].Progress == journal.Batched && func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.groups) > 0 }()
			})
			w.halt()
			s.set(func() { s.deliver, s.groups = nil, nil })
			w.start()
			if class == connectors.ItemError {
				if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Target: "batches"}); err != nil {
					t.Fatal(err)
				}
			}
			w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
			if seqs, n := s.numbers(); fmt.Sprint(seqs) != "[1]" || n != 3 {
				t.Errorf("batches %v with %d items", seqs, n)
			}
		})
	}
}

// Forms whose batch can never be sealed, here since its total is too wide, are parked as the mapping's fault, with the place; others
// go on, under the number that was not used.
func TestBatchThatCannotBeSealed(t *testing.T) {
	w, s := newBatching(t)
	text, err := os.ReadFile(filepath.Join(w.dir, "permit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("permit.yaml", strings.NewReplacer("{name: NAME, width: 20}]", "{name: NAME, width: 20}, {name: N, width: 3, type: integer}]",
		`{value: "T", width: 1}`, `{value: "{total:N}", width: 2, name: SUM}`, "fields: {REF: form.ref, NAME: form.name}\n  - as: row", "fields: {REF: form.ref, NAME: form.name, N: 'form.drop == true ? 50 : 20'}\n  - as: row").Replace(string(text)))
	w.start()
	for i := range 3 {
		w.write(fmt.Sprintf("in/%d.json", i), fmt.Sprintf(`{"ref": "REF-%d", "name": "Anna", "drop": true}`, i))
	}
	w.until("parked", func() bool { return w.states()[journal.Parked] == 3 })
	d := w.to("REF-1", "batches")
	if d.Progress != journal.Held || d.Reason.Code != mapping.CodeWrong || !strings.Contains(d.Reason.Text, "trailer.SUM") || !strings.Contains(d.Reason.Next, "--mapping NEW") {
		t.Fatalf("%+v", d.Reason)
	}
	for i := 3; i < 6; i++ {
		w.write(fmt.Sprintf("in/%d.json", i), fmt.Sprintf(`{"ref": "REF-%d", "name": "Anna", "drop": false}`, i))
	}
	w.until("the others go on", func() bool { return w.states()[journal.Delivered] == 3 })
	if seqs, n := s.numbers(); fmt.Sprint(seqs) != "[1]" || n != 3 {
		t.Errorf("batches %v with %d items", seqs, n)
	}
}
