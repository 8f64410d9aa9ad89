package simulate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// course is what will happen to this world, and when.
func (w *world) course() (list []event) {
	long := w.chance.between(10*time.Minute, 90*time.Minute)
	sometime := func(do func()) { list = append(list, event{w.chance.between(0, long), do}) }
	for _, f := range w.forms {
		sometime(func() { w.send(f) })
	}
	apart := func(do func()) { w.running.Go(do) } // the agent may be killed meanwhile
	for range w.chance.below(12) {
		sometime(func() { w.locked(w.folders["drop"].take) })
		sometime(func() { w.locked(w.folders["batches"].take) })
		sometime(func() { w.locked(w.rule) })
	}
	for range w.chance.below(4) {
		switch w.chance.below(8) {
		case 0:
			sometime(func() { w.configureAnew(); apart(w.reload) })
		case 1:
			sometime(func() { w.life.kill("a moment") })
		case 2:
			sometime(func() { w.say("stop"); w.restart(nil) })
		case 3:
			from := w.chance.between(0, long)
			list = append(list, event{from, func() { w.say("disk full"); w.diskFull.Store(true) }},
				event{from + w.chance.between(time.Second, 10*time.Minute), func() { w.say("disk has room"); w.diskFull.Store(false) }})
		case 4:
			d := w.chance.between(-10*time.Minute, 10*time.Minute)
			sometime(func() { w.say("the clock is set by %s", d); w.clock.jump(d) })
		case 5:
			target := []string{"register", "drop", "batches"}[w.chance.below(3)]
			from := w.chance.between(0, long)
			list = append(list, event{from, func() { apart(func() { w.pause(target, true) }) }},
				event{from + w.chance.between(time.Second, 20*time.Minute), func() { apart(func() { w.pause(target, false) }) }})
		case 6:
			f := w.folders[[]string{"drop", "batches"}[w.chance.below(2)]]
			sometime(func() { w.locked(func() { f.full = !f.full }) })
		case 7:
			sometime(func() { apart(func() { w.settle(false) }) })
		}
	}
	if w.restores {
		at := w.chance.between(0, long)
		list = append(list, event{at, func() { apart(w.backUp) }}, event{at + w.chance.between(time.Minute, long), func() {
			if w.backup != nil {
				w.lostAt = w.backupAt
				w.restart(w.restore)
			}
		}})
	}
	slices.SortStableFunc(list, func(a, b event) int { return int(a.at - b.at) })
	return list
}

func (w *world) locked(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
}

// send lets a citizen send a form, perhaps twice.
func (w *world) send(f *form) {
	w.say("sent: %s", f.label())
	if f.posted != nil {
		w.running.Go(func() {
			f.posted.post(f)
			if f.posted.draws.one(6) {
				f.posted.post(f)
			}
		})
		return
	}
	w.locked(func() {
		w.box.put(f, fmt.Sprintf("f%03d.json", f.n))
		if w.chance.one(8) {
			w.box.put(f, fmt.Sprintf("f%03d-again.json", f.n))
		}
	})
}

// rule lets the back office decide on one of the applications. The lock is held.
func (w *world) rule() {
	apps := w.applications()
	if len(apps) == 0 {
		return
	}
	app := apps[w.chance.below(len(apps))]
	if w.office.decided[app] > 0 && !w.chance.one(5) {
		return
	}
	status := []string{"A", "A", "R", "R", "R", "?"}[w.chance.below(6)]
	w.decide(app, status)
}

func (w *world) configureAnew() {
	w.count = 2 + w.chance.below(5)
	w.say("configuration: a batch has %d", w.count)
	w.configure()
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 2*time.Minute)
}

func (w *world) reload() {
	ctx, cancel := patience()
	defer cancel()
	_, err := orders.Reload.Ask(ctx, w.client(), control.ReloadRequest{})
	w.say("reload: %v", err)
}

func (w *world) pause(target string, paused bool) {
	ctx, cancel := patience()
	defer cancel()
	_, err := orders.Pause.Ask(ctx, w.client(), control.PauseRequest{Target: target, Paused: paused, Reason: "simulated"})
	w.say("pause %s %v: %v", target, paused, err)
}

// settleAll lets people settle what they have to, until nothing is open any more or half a year of patience is over.
func (w *world) settleAll() {
	w.locked(func() { w.register.forbid = w.register.forbid && w.chance.one(2) })
	if w.alive() == nil {
		w.until(w.clock.elapsed())
	}
	for _, target := range []string{"register", "drop", "batches"} {
		w.pause(target, false)
	}
	w.release()
	for round := range 40 {
		w.until(w.clock.elapsed() + w.chance.between(5*time.Minute, 20*time.Minute))
		w.locked(func() {
			w.folders["drop"].take()
			for _, app := range w.applications() {
				if w.office.decided[app] == 0 && round < 8 {
					w.decide(app, "A")
				}
			}
		})
		if !w.idle {
			w.settle(true)
		}
		w.repost()
		if round > 8 && w.settled() {
			w.until(w.clock.elapsed() + 5*time.Minute) // until front offices have read what was settled last
			return
		}
	}
}

// release lets a restored agent go on, once it has looked around.
func (w *world) release() {
	for range 60 {
		ctx, cancel := patience()
		r, err := orders.Restored.Ask(ctx, w.client(), control.RestoredRequest{Again: true})
		if !w.restored || err == nil && !r.Held {
			cancel()
			return
		}
		say := control.EndHoldRequest{Seqs: map[string]int64{}}
		for _, t := range r.Targets {
			if t.Batch {
				say.Seqs[t.Name] = max(w.lastSeq(), t.LastSeq, t.SeenSeq)
			}
		}
		if !r.EvidenceFound.IsZero() {
			_, err = orders.EndHold.Ask(ctx, w.client(), say)
		}
		w.say("release: %v", err)
		cancel()
		w.until(w.clock.elapsed() + time.Minute)
	}
	w.fail(owner, "a restored agent cannot be released")
}

// lastSeq is the number of the last batch that the legacy system has seen.
func (w *world) lastSeq() (last int64) {
	w.locked(func() {
		for _, f := range w.folders["batches"].all() {
			last = max(last, seqOf(f.name))
		}
	})
	return last
}

func seqOf(name string) int64 {
	n, _ := strconv.ParseInt(name[1:7], 10, 64)
	return n
}

// repost posts again what the front offices are told is not known.
func (w *world) repost() {
	if !w.restored {
		return
	}
	for _, f := range w.forms {
		w.mu.Lock()
		ids := slices.Clone(f.ids)
		w.mu.Unlock()
		if f.posted == nil || len(ids) == 0 {
			continue
		}
		if _, status := f.posted.history(ids[len(ids)-1]); status == 404 {
			w.say("%s is not known any more", f.label())
			f.posted.post(f)
		}
	}
}

// settle looks at what is parked and settles it as the truth demands.
func (w *world) settle(all bool) {
	ctx, cancel := patience()
	defer cancel()
	list, err := orders.List.Ask(ctx, w.client(), control.ListRequest{State: journal.Parked, Limit: 1000})
	for _, target := range []string{"register", "plain", "drop", "batches"} { // also of what is decided already
		if err != nil {
			return
		}
		var more []journal.Entry
		more, err = orders.List.Ask(ctx, w.client(), control.ListRequest{Target: target, Progress: journal.Held, Limit: 1000})
		list = append(list, more...)
	}
	for i, e := range list {
		if slices.ContainsFunc(list[:i], func(o journal.Entry) bool { return o.ID == e.ID }) {
			continue
		}
		v, err := orders.Show.Ask(ctx, w.client(), control.ShowRequest{ID: e.ID})
		if err != nil {
			return
		}
		w.settleOne(ctx, v, all)
	}
	batches, err := orders.Batches.Ask(ctx, w.client(), control.BatchesRequest{Target: "batches", Open: true})
	for _, b := range batches {
		if err == nil && (b.Progress == journal.Held || b.Progress == journal.Doubtful) {
			there := false
			w.locked(func() {
				there = slices.ContainsFunc(w.folders["batches"].all(), func(f file) bool { return f.name == b.Name })
			})
			if there {
				_, err = orders.Confirm.Ask(ctx, w.client(), control.ConfirmRequest{Target: "batches", Seq: b.Seq, Reason: "it is there"})
			} else {
				_, err = orders.Retry.Ask(ctx, w.client(), control.RetryRequest{Target: "batches"})
			}
			w.say("batch %d is there: %v: %v", b.Seq, there, err)
		}
	}
}

// settleOne settles one submission that is parked.
func (w *world) settleOne(ctx context.Context, v control.View, all bool) {
	held := 0
	if v.Code == journal.CodeReference {
		if there, _ := w.stands(v, "register"); there { // it was the first, before the restore
			_, err := orders.Release.Ask(ctx, w.client(), control.ReleaseRequest{IDs: []journal.ID{v.ID}})
			w.say("release %s: %v", v.ID, err)
			return
		}
		_, err := orders.Reject.Ask(ctx, w.client(), control.RejectRequest{ID: v.ID, Reason: "sent again with other content", Force: true})
		w.say("reject %s: %v", v.ID, err)
		return
	}
	for _, d := range v.Deliveries {
		if d.Progress != journal.Held {
			continue
		}
		held++
		there, returned := w.stands(v, d.Target)
		var err error
		switch retry := (control.RetryRequest{IDs: []journal.ID{v.ID}}); {
		case d.Batch > 0:
			continue
		case there:
			_, err = orders.Confirm.Ask(ctx, w.client(), control.ConfirmRequest{ID: v.ID, Target: d.Target, Reason: "it is there", Returned: returned})
		case d.Code == "sim.rule" && w.register.forbid:
			_, err = orders.Reject.Ask(ctx, w.client(), control.RejectRequest{ID: v.ID, Reason: "the name is not allowed", Force: true})
		case d.Code == journal.CodeUnclear || d.Code == journal.CodeRestore:
			retry.Target = d.Target
			fallthrough
		default:
			_, err = orders.Retry.Ask(ctx, w.client(), retry)
		}
		w.say("settle %s at %s (%s), there %v: %v", v.ID, d.Target, d.Code, there, err)
		return
	}
	if held == 0 && all && v.State == journal.Parked {
		_, err := orders.Reject.Ask(ctx, w.client(), control.RejectRequest{ID: v.ID, Reason: "it cannot be taken"})
		w.say("reject %s (%s): %v", v.ID, v.Code, err)
	}
}

// stands tells whether a target has a submission, as a person sees who looks there, and what the target gave it.
func (w *world) stands(v control.View, target string) (there bool, returned map[string]string) {
	w.locked(func() {
		name := ""
		if f := w.sent(v.ID.String()); f != nil {
			name = f.name
		}
		rows, lines := []row{}, []line{}
		switch target {
		case "register":
			rows = w.register.byReference("APPLICATION", "FORM_REF")[v.Reference]
		case "plain":
			rows = w.plain.byReference("COPY", "REF")[v.Reference]
		case "drop":
			lines = w.dropped()[v.Reference]
		case "batches":
			lines = w.batched()[v.Reference]
		}
		for _, r := range rows {
			if strings.EqualFold(r.fields["NAME"].Str, name) {
				there = true
				if target == "register" {
					returned = map[string]string{"application.ID": strconv.FormatInt(r.fields["ID"].Int, 10)}
				}
			}
		}
		there = there || slices.ContainsFunc(lines, func(l line) bool { return l.name == name })
	})
	return there, returned
}

// settled tells whether nothing is open that could still move by itself.
func (w *world) settled() bool {
	ctx, cancel := patience()
	defer cancel()
	s, err := orders.Status.Ask(ctx, w.client(), control.Nothing{})
	if err != nil || s.States[journal.Accepted] > 0 && !w.idle {
		return false
	}
	open := false
	w.locked(func() {
		for _, d := range w.office.decisions {
			open = open || d.sent.IsZero()
		}
		for _, it := range w.box.items {
			open = open || it.verdict == 0
		}
	})
	for _, t := range s.FrontOffices {
		open = open || t.Backlog > 0
	}
	return !open
}
