package simulate

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// fault is what happens to one call of a part of the world.
type fault uint8

const (
	none      fault = iota
	refuse          // nothing happens, and the part says so
	broken          // nothing happens, and the part says that it is at fault itself
	cutBefore       // nothing happens, and the answer is lost
	cutAfter        // it happens, and the answer is lost
	hang            // nothing happens, and no answer comes
	hangAfter       // it happens, and no answer comes
	late            // the answer is lost; it happens a while later
	dieBefore       // the agent is killed before it happens
	dieAfter        // the agent is killed after it has happened
	collapse        // the part's driver breaks
)

var faultNames = [...]string{"", "refuse", "broken", "cut-before", "cut-after", "hang", "hang-after", "late", "die-before", "die-after", "collapse"}

func (f fault) String() string { return faultNames[f] }

var (
	errDead = connectors.Errorf(connectors.Uncertain, "sim.dead", "call", "", "the agent was killed")
	errCut  = connectors.Errorf(connectors.Uncertain, "sim.cut", "call", "", "the connection was cut")
	errBusy = connectors.Errorf(connectors.Transient, "sim.busy", "call", "", "try again")
	errSick = connectors.Errorf(connectors.TargetError, "sim.broken", "call", "mend it", "the system is at fault")
)

// part is one simulated system as one agent's connector sees it.
type part struct {
	w     *world
	life  *life
	name  string
	draws *stream
}

// call is what a call to a part goes through: time passes, and the world's chance decides what becomes of it. effect runs
// at most once. can names the faults that are honest for this call.
func (p part) call(ctx context.Context, op string, effect func() error, can ...fault) error {
	p.draws = p.w.moment(p.name + op)
	if err := p.pass(ctx, p.draws.between(time.Millisecond, 40*time.Millisecond)); err != nil {
		return err
	}
	f := p.w.draw(p, can)
	if f != none {
		p.w.say("%s %s: %s", p.name, op, f)
	}
	switch f {
	case refuse:
		return errBusy
	case broken:
		return errSick
	case cutBefore:
		return errCut
	case dieBefore:
		p.life.kill(p.name + " " + op)
		return errDead
	case hang:
		return p.hang(ctx)
	case collapse:
		panic("the simulated driver broke")
	case late:
		wait := p.draws.between(time.Second, time.Minute)
		p.w.running.Go(func() {
			time.Sleep(wait)
			_ = p.act(effect)
		})
		return errCut
	}
	if err := p.act(effect); err != nil {
		return err
	}
	switch f {
	case cutAfter:
		return errCut
	case hangAfter:
		return p.hang(ctx)
	case dieAfter:
		p.life.kill(p.name + " " + op)
		return errDead
	}
	return p.pass(ctx, p.draws.between(time.Millisecond, 20*time.Millisecond))
}

// act has the effect happen, unless the agent is dead: what a dead process has not sent does not arrive.
func (p part) act(effect func() error) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if p.life.dead() {
		return errDead
	}
	return effect()
}

// pass lets time pass.
func (p part) pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return ctx.Err()
	case <-p.life.gone:
	}
	if p.life.dead() {
		return errDead
	}
	return nil
}

// hang answers no more; the caller's own time limit ends it, or a long time.
func (p part) hang(ctx context.Context) error {
	if err := p.pass(ctx, p.draws.between(10*time.Second, 20*time.Minute)); err != nil {
		return err
	}
	return errCut
}

// draw decides what happens to a call.
func (w *world) draw(p part, can []fault) fault {
	if !p.draws.one(w.trouble) || len(can) == 0 {
		return none
	}
	f := can[p.draws.below(len(can))]
	switch {
	case w.calm.Load():
		return none
	case (f == dieBefore || f == dieAfter) && !w.spend(&w.kills):
		return none
	}
	return f
}

var errFull = errors.New("database or disk is full")
