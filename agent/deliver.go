package agent

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// carry delivers one group and journals how it ended. Whatever did not end goes back into the queue.
func (l *lane) carry(ctx context.Context, parcels []*parcel) {
	defer l.survive(parcels)
	// What an earlier run may have begun is looked up before anything is done about it.
	if began := slices.ContainsFunc(parcels, begun); began {
		parcels = l.resolve(ctx, parcels)
		if len(parcels) == 0 {
			return
		}
	}
	parcels = l.alike(parcels)
	group := groupOf(parcels)
	parcels, err := l.before(ctx, parcels, &group)
	if err != nil {
		l.failed(ctx, parcels, err)
		return
	}
	if len(parcels) == 0 {
		l.circuit.Abandon()
		return
	}
	// A stop lets what has begun come to its end: cut off, its outcome would be unclear.
	finishing, cancel := lingering(ctx, l.clock)
	outcomes, err := l.target.Deliver(finishing, group)
	cancel()
	if err != nil && len(outcomes) == 0 {
		l.failed(ctx, parcels, err)
		return
	}
	l.settle(ctx, parcels, outcomes, err)
}

// begun tells whether something of a parcel may already stand at the target.
func begun(p *parcel) bool {
	return p.progress == journal.Attempting || p.progress == journal.Staged || p.progress == journal.Unclear || doubted(p)
}

// alike puts back what is not yet in place when something of the group is: putting that there again could
// bring back a file that the legacy system has taken already.
func (l *lane) alike(parcels []*parcel) []*parcel {
	var staged, rest []*parcel
	for _, p := range parcels {
		if p.progress == journal.Staged {
			staged = append(staged, p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(staged) == 0 {
		return parcels
	}
	if len(rest) > 0 {
		l.putBack(rest)
	}
	return staged
}

func groupOf(parcels []*parcel) connectors.Group {
	g := connectors.Group{Items: make([]connectors.Delivery, len(parcels))}
	for i, p := range parcels {
		g.Items[i] = p.delivery
	}
	return g
}

// before journals the effect that is about to happen, where the target does not record it itself. It
// returns the parcels that still go: an operator may have given up some of them meanwhile.
func (l *lane) before(ctx context.Context, parcels []*parcel, g *connectors.Group) ([]*parcel, error) {
	if l.can.Recorded {
		return parcels, nil
	}
	if parcels[0].progress == journal.Staged {
		g.Staged = true
		return parcels, nil
	}
	to := journal.Attempting
	if l.target.Stages() {
		if err := l.target.Stage(ctx, *g); err != nil {
			// A temporary name is no effect: nothing of it is visible to the legacy system.
			return parcels, asTransient(err)
		}
		to, g.Staged = journal.Staged, true
	}
	for len(parcels) > 0 {
		changes := make([]journal.Change, 0, len(parcels))
		for _, p := range parcels {
			if p.progress != to {
				changes = append(changes, journal.Change{ID: p.id, Target: l.name, To: to})
			}
		}
		err := l.journal.Apply(ctx, changes)
		var wrong *journal.TransitionError
		if errors.As(err, &wrong) {
			if rest := l.withdraw(parcels, wrong.ID); len(rest) < len(parcels) {
				parcels, g.Items = rest, groupOf(rest).Items
				continue
			}
		}
		if err != nil {
			return parcels, &connectors.Error{Class: connectors.Transient, Code: CodeJournal, Op: "journal before delivery", Hint: "see the journal's own message", Err: err}
		}
		break
	}
	for _, p := range parcels {
		p.progress = to
	}
	return parcels, nil
}

// withdraw takes out a parcel that must not go any more: the journal knows what becomes of it.
func (l *lane) withdraw(parcels []*parcel, id journal.ID) []*parcel {
	rest := make([]*parcel, 0, len(parcels))
	for _, p := range parcels {
		if p.id == id {
			l.forget([]*parcel{p}, nil)
		} else {
			rest = append(rest, p)
		}
	}
	return rest
}

func asTransient(err error) error {
	if connectors.ClassOf(err) != connectors.Uncertain {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: CodeStage, Op: "put in place under a temporary name", Err: err}
}

// failed handles a call that ended without any outcome.
func (l *lane) failed(ctx context.Context, parcels []*parcel, err error) {
	outcomes := make([]connectors.Outcome, len(parcels))
	code, text := guard.Describe(err)
	for i, p := range parcels {
		outcomes[i] = connectors.Outcome{Key: p.delivery.Key, Class: connectors.ClassOf(err), Code: code, Text: text, Raw: err.Error()}
	}
	l.settle(ctx, parcels, outcomes, err)
}

// settle journals the outcomes, and decides what each parcel does next.
func (l *lane) settle(ctx context.Context, parcels []*parcel, outcomes []connectors.Outcome, err error) {
	byKey := make(map[string]*connectors.Outcome, len(outcomes))
	for i := range outcomes {
		byKey[outcomes[i].Key] = &outcomes[i]
	}
	s := settlement{lane: l, size: len(parcels), changes: make([]journal.Change, 0, len(parcels))}
	for _, p := range parcels {
		o := byKey[p.delivery.Key]
		if o == nil {
			o = &connectors.Outcome{Key: p.delivery.Key, Class: connectors.Uncertain, Code: guard.CodeUnknown, Text: "the target gave no outcome"}
			if err != nil {
				o.Code, o.Text = guard.Describe(err)
				o.Raw = err.Error()
			}
		}
		s.add(p, o)
	}
	s.finish(ctx)
}

// settlement collects what one group's outcomes lead to.
type settlement struct {
	lane    *lane
	size    int // of the group
	changes []journal.Change
	done    []*parcel
	back    []*parcel // to be tried again
	parked  map[journal.ID]bool
	told    []journal.ID // returned values that other targets may wait for
	ended   map[connectors.Class]int
	worst   *connectors.Outcome
}

func (s *settlement) add(p *parcel, o *connectors.Outcome) {
	c := journal.Change{ID: p.id, Target: s.lane.name}
	if s.ended == nil {
		s.ended = map[connectors.Class]int{}
	}
	s.ended[o.Class]++
	switch o.Class {
	case connectors.Written:
		c.To, c.Returned, c.Final, c.Attempt = journal.Done, o.Returned, p.final, p.progress != journal.Pending
		if p.match != nil {
			c.MatchKey = p.match(o.Returned)
		}
		if len(o.Returned) > 0 {
			s.told = append(s.told, p.id)
		}
		s.done = append(s.done, p)
	case connectors.ItemError:
		c.To, c.Reason, c.Attempt = journal.Held, reasonOf(o, "mend the data or the mapping, then retry; or reject it"), true
		s.park(p)
	case connectors.Transient, connectors.TargetError:
		if o.Class == connectors.TargetError && s.refusedAlone(p) {
			c.To, c.Attempt = journal.Held, true
			c.Reason = reasonOf(o, "the target takes other submissions and refuses this one: mend its data, the mapping or the table, then retry; or reject it")
			s.park(p)
			break
		}
		s.trouble(o)
		c.To, c.Reason, c.Attempt = journal.Pending, reasonOf(o, ""), true
		if p.progress == journal.Staged || p.progress == journal.Unclear {
			c.To = p.progress // what is in place stays known as such
		}
		p.progress = c.To
		s.back = append(s.back, p)
	default:
		s.trouble(o)
		c.To, c.Reason, c.Attempt = journal.Unclear, reasonOf(o, ""), true
		p.progress = journal.Unclear
		s.back = append(s.back, p)
	}
	s.changes = append(s.changes, c)
}

// lonelyFor is how long a target may refuse one submission as if it were at fault itself, while it takes others.
const lonelyFor = 10 * time.Minute

// refusedAlone tells whether the target is at fault for one parcel only: it has failed for long, now alone, and others were
// written meanwhile.
func (s *settlement) refusedAlone(p *parcel) bool {
	l := s.lane
	l.mu.Lock()
	wrote := l.wrote
	l.mu.Unlock()
	if p.failed.IsZero() {
		p.failed, p.wrote = l.clock.Now(), wrote
	}
	if s.size > 1 {
		return false
	}
	p.alone = true // the others go without it
	return wrote > p.wrote && l.clock.Now().Sub(p.failed) >= lonelyFor
}

func (s *settlement) park(p *parcel) {
	if s.parked == nil {
		s.parked = map[journal.ID]bool{}
	}
	s.parked[p.id] = true
	s.done = append(s.done, p)
}

func (s *settlement) trouble(o *connectors.Outcome) {
	if s.worst == nil || o.Class == connectors.TargetError {
		s.worst = o
	}
}

func reasonOf(o *connectors.Outcome, next string) *journal.Reason {
	return &journal.Reason{Code: o.Code, Text: o.Text, Next: next, Raw: o.Raw}
}

// finish makes it durable, then lets the parcels go, or come again.
func (s *settlement) finish(ctx context.Context) {
	l := s.lane
	if err := applyAll(ctx, l.journal, s.changes); err != nil {
		// The target may have it, the journal does not: it stays in memory as unclear and is looked up. What
		// was refused stays as it was: looked up, a file that was never put in place could seem to be taken.
		for _, p := range s.done {
			if !s.parked[p.id] {
				p.progress = journal.Unclear
			}
		}
		l.circuit.Fail(connectors.Transient, CodeJournal, "the journal could not be written")
		l.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot journal what was delivered; it will be looked up")
		l.putBack(append(s.done, s.back...))
		return
	}
	if s.ended[connectors.Written] > 0 {
		l.mu.Lock()
		l.wrote++
		l.mu.Unlock()
	}
	l.forget(s.done, s.parked)
	l.counters.Delivered(l.name, s.ended)
	s.delay()
	if s.worst == nil || s.ended[connectors.Written] > 0 { // it works, though not for all
		if l.circuit.OK() {
			l.log.Info().Msg("target works again")
		}
	} else if l.circuit.Fail(s.worst.Class, s.worst.Code, s.worst.Text) && ctx.Err() == nil {
		l.log.Error().Str("code", s.worst.Code).Str("class", s.worst.Class.String()).Msg("target failed; nothing is lost, trying again: " + s.worst.Text)
	}
	if len(s.back) > 0 {
		l.putBack(s.back)
	}
	if len(s.parked) > 0 {
		l.log.Warn().Int("count", len(s.parked)).Msg("submissions parked: inbasket list --state parked")
	}
	if len(s.told) > 0 && l.returned != nil {
		l.returned(ctx, s.told)
	}
}

// delay keeps what failed alone, or beside others that were written, from being first again and again:
// the others go before it.
func (s *settlement) delay() {
	l := s.lane
	for _, p := range s.back {
		p.tries++
		if s.size == 1 || s.ended[connectors.Written] > 0 {
			p.due = l.clock.Now().Add(l.backoff.After(p.tries, 0))
		}
		if s.worst.Code == guard.CodePanic {
			p.broke = p.broke || s.size == 1
			p.alone = true // so that the one that breaks the connector is found
		}
	}
}

// survive puts parcels back when the agent itself broke on them; one of them alone is tried no more than
// others are, and what had begun is looked up first.
func (l *lane) survive(parcels []*parcel) {
	broken := recover()
	if broken == nil {
		return
	}
	l.circuit.Fail(connectors.Transient, CodePanic, "the agent broke while delivering")
	l.log.Error().Str("code", CodePanic).Bytes("stack", debug.Stack()).Msg("the agent broke while delivering; nothing is lost, trying again")
	l.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(parcels), func(p *parcel) bool { return slices.Contains(l.queue, p) })
	l.mu.Unlock()
	l.putBack(rest)
}

// applyAll journals changes even while the agent is stopping: an effect that happened must be on record.
func applyAll(ctx context.Context, j *journal.Journal, changes []journal.Change) error {
	if len(changes) == 0 {
		return nil
	}
	ctx, cancel := graced(ctx)
	defer cancel()
	err := j.Apply(ctx, changes)
	var wrong *journal.TransitionError
	if len(changes) == 1 || !errors.As(err, &wrong) {
		return err
	}
	// One of them does not fit what an operator did meanwhile: it must not keep the others back.
	var errs []error
	for i := range changes {
		if err := j.Apply(ctx, changes[i:i+1]); err != nil && !errors.As(err, &wrong) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// resolve looks up parcels that an earlier attempt may have delivered, journals what was found, and
// returns those that are to be delivered now.
func (l *lane) resolve(ctx context.Context, parcels []*parcel) []*parcel {
	var doubtful, clear []*parcel
	for _, p := range parcels {
		if begun(p) {
			doubtful = append(doubtful, p)
		} else {
			clear = append(clear, p)
		}
	}
	byKey, err := l.lookup(ctx, doubtful)
	if err != nil {
		code, text := guard.Describe(err)
		class := connectors.ClassOf(err)
		if class == connectors.Uncertain || class == connectors.ItemError {
			class = connectors.Transient
		}
		if l.circuit.Fail(class, code, text) {
			l.log.Error().Str("code", code).Msg("target failed while looking up: " + text)
		}
		l.putBack(parcels)
		return nil
	}
	s := settlement{lane: l}
	for _, p := range doubtful {
		switch f := byKey[p.delivery.Key]; f.Presence {
		case connectors.Present:
			s.add(p, &connectors.Outcome{Key: f.Key, Class: connectors.Written, Returned: f.Returned})
		case connectors.Absent:
			stagedBefore := l.target.Stages() && !doubted(p) // an unclear outcome comes after staging
			if p.progress = journal.Pending; stagedBefore {
				p.progress = journal.Staged
			}
			if p.broke {
				s.add(p, &connectors.Outcome{Key: f.Key, Class: connectors.ItemError, Code: guard.CodePanic, Text: "the connector broke on this submission alone; the target has nothing of it"})
				continue
			}
			clear = append(clear, p)
		default:
			s.changes = append(s.changes, journal.Change{ID: p.id, Target: l.name, To: journal.Held, Attempt: true, Reason: l.unclear(p)})
			s.park(p)
		}
	}
	if len(s.changes) > 0 {
		s.finish(ctx)
	}
	slices.SortFunc(clear, func(a, b *parcel) int { return int(min(max(a.id-b.id, -1), 1)) })
	return clear
}
