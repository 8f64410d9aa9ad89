package lane

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// carry delivers one group and journals how it ended. Whatever did not end goes back into the queue.
func (l *Lane) carry(ctx context.Context, parcels []*parcel) {
	defer l.survive(parcels)
	// What an earlier run may have begun is looked up before anything is done about it.
	if slices.ContainsFunc(parcels, (*parcel).begun) {
		if parcels = l.resolve(ctx, parcels); len(parcels) == 0 {
			return
		}
	}
	// What is not yet in place waits while something of the group is: putting that there again could bring back a file
	// that the legacy system has taken already.
	if staged, rest := split(parcels, func(p *parcel) bool { return p.Progress == journal.Staged }); len(staged) > 0 && len(rest) > 0 {
		l.putBack(rest)
		parcels = staged
	}
	group := groupOf(parcels)
	parcels, err := l.before(ctx, parcels, &group)
	if err != nil {
		l.settle(ctx, parcels, nil, err)
		return
	}
	if len(parcels) == 0 {
		l.circuit.Abandon()
		return
	}
	// A stop lets what has begun come to its end: cut off, its outcome would be unclear.
	finishing, cancel := loop.Linger(ctx, l.clock)
	outcomes, err := l.target.Deliver(finishing, group)
	cancel()
	l.settle(ctx, parcels, outcomes, err)
}

// before journals the effect that is about to happen, where the target does not record it itself. It
// returns the parcels that still go: an operator may have given up some of them meanwhile.
func (l *Lane) before(ctx context.Context, parcels []*parcel, g *connectors.Group) ([]*parcel, error) {
	if l.can.Recorded {
		return parcels, nil
	}
	if parcels[0].Progress == journal.Staged {
		g.Staged = true
		return parcels, nil
	}
	to := journal.Attempting
	if l.target.Stages() {
		if err := l.target.Stage(ctx, *g); err != nil {
			return parcels, stageError(err)
		}
		to, g.Staged = journal.Staged, true
	}
	for len(parcels) > 0 {
		changes := make([]journal.Change, 0, len(parcels))
		for _, p := range parcels {
			if p.Progress != to {
				changes = append(changes, journal.Change{ID: p.ID, Target: l.Name, To: to})
			}
		}
		err := delivering.Of(l.journal).Apply(ctx, changes)
		if err == nil {
			break
		}
		var wrong *journal.TransitionError
		if errors.As(err, &wrong) { // the journal knows what becomes of that one
			if gone, rest := split(parcels, func(p *parcel) bool { return p.ID == wrong.ID }); len(gone) > 0 {
				l.forget(gone, nil)
				parcels, g.Items = rest, groupOf(rest).Items
				continue
			}
		}
		return parcels, &connectors.Error{Class: connectors.Transient, Code: journal.CodeUnavailable, Op: "journal before delivery", Hint: "see the journal's own message", Err: err}
	}
	for _, p := range parcels {
		p.Progress = to
	}
	return parcels, nil
}

// stageError is err of a call without an effect that the legacy system sees, such as putting something in place under a
// temporary name: there is nothing to find out.
func stageError(err error) error {
	if connectors.ClassOf(err) != connectors.Uncertain {
		return err
	}
	return &connectors.Error{Class: connectors.Transient, Code: CodeStage, Op: "put in place under a temporary name", Err: err}
}

// survive puts parcels back when the agent itself broke on them; one of them alone is tried no more than
// others are, and what had begun is looked up first.
func (l *Lane) survive(parcels []*parcel) {
	if recover() == nil {
		return
	}
	l.circuit.Fail(connectors.Transient, loop.CodePanic, "the agent broke while delivering")
	l.log.Error().Str("code", loop.CodePanic).Bytes("stack", debug.Stack()).Msg("the agent broke while delivering; nothing is lost, trying again")
	l.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(parcels), func(p *parcel) bool { return slices.Contains(l.list, p) })
	l.mu.Unlock()
	l.putBack(rest)
}

// resolve looks up parcels that an earlier attempt may have delivered, journals what was found, and
// returns those that are to be delivered now.
func (l *Lane) resolve(ctx context.Context, parcels []*parcel) []*parcel {
	unclear, clear := split(parcels, (*parcel).begun)
	found, err := l.lookUp(ctx, unclear)
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
	for _, p := range unclear {
		switch f := found[p.Delivery.Key]; f.Presence {
		case connectors.Present:
			s.add(p, &connectors.Outcome{Key: f.Key, Class: connectors.Written, Returned: f.Returned})
		case connectors.Absent:
			stagedBefore := l.target.Stages() && !p.restored() // an unclear outcome comes after staging
			if p.Progress = journal.Pending; stagedBefore {
				p.Progress = journal.Staged
			}
			if p.broke {
				s.add(p, &connectors.Outcome{Key: f.Key, Class: connectors.ItemError, Code: guard.CodePanic, Text: "the connector broke on this submission alone; the target has nothing of it"})
				continue
			}
			clear = append(clear, p)
		default:
			s.park(p, journal.Change{Attempt: true, Reason: unclearReason(p, f.Where)})
		}
	}
	if len(s.changes) > 0 {
		s.finish(ctx)
	}
	slices.SortFunc(clear, func(a, b *parcel) int { return cmp.Compare(a.ID, b.ID) })
	return clear
}
