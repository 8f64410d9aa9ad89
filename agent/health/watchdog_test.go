package health

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/test/clock"
)

// watched is the health of an agent that does nothing but be looked at.
type watched struct {
	*Service
	clock *clock.Manual
	log   bytes.Buffer
	told  []string
	ends  int  // how often it was told to be stuck
	keeps bool // the journal is being compacted

	blocked bool // the journal does not answer
}

func newWatched(ping func(context.Context) error) *watched {
	w := &watched{clock: clock.NewManual()}
	notify := func(event string) {
		switch event {
		case "watchdog":
			w.told = append(w.told, event)
		case "stuck":
			w.ends++
		}
	}
	w.Service = New(Options{Clock: w.clock, Log: zerolog.New(&w.log), Watchdog: 20 * time.Second, Notify: notify, Each: func() {}, Held: func() *control.Trouble { return nil }})
	w.begin(context.Background(), ping, func() bool { return w.keeps })
	return w
}

// pass lets time go by, look by look, and returns how often systemd was told that the agent moves.
func (w *watched) pass(d time.Duration) (told int) {
	w.told = nil
	for range int(d / w.dog.every) {
		w.clock.Advance(w.dog.every)
		w.watch(context.Background())
		for w.dog.asked.Load() && !w.blocked { // until the writer's answer is noted
			runtime.Gosched()
		}
	}
	return len(w.told)
}

func answered(context.Context) error { return errors.New("disk full") } // an answer all the same

func TestWatchdogWhileAllMoves(t *testing.T) {
	w := newWatched(answered)
	ctx, _, leave := w.Loops.Enter(context.Background(), Target, "register")
	loop.Waiting(ctx)
	if w.dog.every != 10*time.Second {
		t.Errorf("looks every %v, not twice in the manager's time", w.dog.every)
	}
	if got := w.pass(time.Hour); got != 360 {
		t.Errorf("told %d times while the lane waits, want 360", got)
	}
	over := loop.Calling(ctx, "deliver", time.Minute)
	if got := w.pass(24 * time.Hour); got != 8640 {
		t.Errorf("told %d times while a target hangs: no target may have the agent restarted", got)
	}
	if _, hung := w.stalled(); len(hung) != 1 || hung[0].Name != "register" || hung[0].Doing != "deliver" {
		t.Errorf("hung: %v", hung)
	}
	if err := w.Unstuck("reload"); err == nil || !strings.Contains(err.Error(), CodeHung) {
		t.Errorf("a reload that would wait for ever: %v", err)
	}
	s := control.Status{Targets: []control.TargetStatus{{Name: "register"}}}
	if w.addStalls(&s); s.Targets[0].Trouble == nil || s.Targets[0].Trouble.Code != CodeHung {
		t.Errorf("status: %+v", s.Targets[0].Trouble)
	}
	over()
	w.pass(time.Minute)
	if err := w.Unstuck("reload"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(w.log.String(), CodeHung); n != 2 {
		t.Errorf("told %d times in the log, want once at its beginning and once at its end:\n%s", n, &w.log)
	}
	leave()
}

func TestWatchdogWhenStuck(t *testing.T) {
	w := newWatched(answered)
	ctx, _, leave := w.Loops.Enter(context.Background(), Target, "register")
	loop.Waiting(ctx)() // work of its own
	if got := w.pass(loop.OwnLimit); got != int(loop.OwnLimit/w.dog.every) {
		t.Errorf("told %d times within the limit", got)
	}
	if got := w.pass(time.Minute); got != 0 {
		t.Errorf("told %d times while a lane is stuck in the agent's own work", got)
	}
	if w.ends != 6 {
		t.Errorf("a manager without a watchdog heard %d times of it, want 6", w.ends)
	}
	var s control.Status
	if w.addStalls(&s); len(s.Stuck) != 1 || s.Stuck[0].Code != CodeStuck || !strings.Contains(s.Stuck[0].Text, "target register") {
		t.Errorf("status: %+v", s.Stuck)
	}
	if n := strings.Count(w.log.String(), CodeStuck); n != 1 {
		t.Errorf("told %d times in the log:\n%s", n, &w.log)
	}
	leave()
	if got := w.pass(time.Minute); got != 6 {
		t.Errorf("told %d times once it moves again", got)
	}
}

// The writer of the journal does not take calls: nothing can go on.
func TestWatchdogJournalStuck(t *testing.T) {
	release := make(chan struct{})
	w := newWatched(func(context.Context) error { <-release; return nil })
	w.blocked = true
	if got := w.pass(journalLimit); got != int(journalLimit/w.dog.every) {
		t.Errorf("told %d times within the limit", got)
	}
	if got := w.pass(time.Minute); got != 0 {
		t.Errorf("told %d times while the journal is stuck", got)
	}
	close(release)
	w.blocked = false
	for w.dog.asked.Load() {
		runtime.Gosched()
	}
	if got := w.pass(time.Minute); got != 6 {
		t.Errorf("told %d times once it answers", got)
	}
}

// While the journal is compacted everything may have to wait for it, for as long as that takes.
func TestWatchdogWhileJournalIsKept(t *testing.T) {
	w := newWatched(answered)
	w.keeps = true
	ctx, _, leave := w.Loops.Enter(context.Background(), Target, "register")
	loop.Waiting(ctx)()
	if got := w.pass(3 * time.Hour); got != 3*360 {
		t.Errorf("told %d times meanwhile", got)
	}
	w.keeps = false
	if w.pass(loop.OwnLimit); w.pass(time.Minute) != 0 {
		t.Error("what is stuck afterwards is not seen")
	}
	leave()
}

// A machine that slept, or a clock that was set, makes nothing seem stuck; the operator is told.
func TestWatchdogAfterSleep(t *testing.T) {
	for name, by := range map[string]time.Duration{"forward": 3 * 365 * 24 * time.Hour, "back": -3 * 365 * 24 * time.Hour} {
		w := newWatched(answered)
		ctx, _, _ := w.Loops.Enter(context.Background(), Target, "register")
		loop.Calling(ctx, "deliver", time.Minute)
		w.pass(30 * time.Second)
		w.clock.Jump(by)
		if got := w.pass(30 * time.Second); got != 3 {
			t.Errorf("%s: told %d times, want 3", name, got)
		}
		if stuck, hung := w.stalled(); len(stuck)+len(hung) != 0 {
			t.Errorf("%s: %v %v", name, stuck, hung)
		}
		notices := w.Counters.Notices()
		if len(notices) != 1 || notices[0].Code != CodeJumped || !strings.Contains(notices[0].Text, name) || !strings.Contains(notices[0].Text, "1095 days") {
			t.Errorf("%s: %v", name, notices)
		}
		w.clock.Jump(30 * time.Second)
		if w.pass(time.Minute); len(w.Counters.Notices()) != 1 {
			t.Errorf("%s: told of half a minute", name)
		}
	}
}

// An agent of which a part is stuck says so to who watches it, without asking the journal, which may be what is stuck.
func TestAliveTellsOfWhatIsStuck(t *testing.T) {
	w := newWatched(answered)
	ctx, _, leave := w.Loops.Enter(context.Background(), Target, "register")
	defer leave()
	loop.Waiting(ctx)() // work of its own
	w.pass(loop.OwnLimit + time.Minute)
	reasons := w.Alive(t.Context())
	if len(reasons) != 1 || reasons[0].Code != CodeStuck || !strings.Contains(reasons[0].Text, "target register") {
		t.Errorf("%+v", reasons)
	}
}

// TestLineHeld tells the service manager that a restored agent waits.
func TestLineHeld(t *testing.T) {
	line := Line(control.Status{Held: &control.Trouble{Code: "agent.held"}})
	if !strings.HasPrefix(line, "held: ") || strings.Contains(line, "delivering") {
		t.Fatal(line)
	}
}

// TestMemoryFollowsTheWork moves the collector's goal up at once with what works, and down after a whole look without it.
func TestMemoryFollowsTheWork(t *testing.T) {
	var goals []int64
	p := loop.New(NewGoal(Memory{Set: func(b int64) { goals = append(goals, b>>20) }, Most: 45 << 20}).AtWork)
	work := func(kind, name string) (over func()) {
		ctx, _, leave := p.Enter(context.Background(), kind, name)
		loop.Waiting(ctx)
		loop.Waiting(ctx)()
		return leave
	}
	a := work(Target, "register")
	second := work(Target, "register") // another loop of the same part
	b := work(Inbasket, "forms")
	b()
	p.Look(time.Second) // both worked since the last look
	p.Look(time.Second)
	a()
	second()
	p.Look(time.Second)
	p.Look(time.Second)
	if want := []int64{24, 36, 45, 36, 24}; !slices.Equal(goals, want) {
		t.Errorf("goals in MiB %v, want %v", goals, want)
	}
}
