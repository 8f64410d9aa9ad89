package lane

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// settle journals the outcomes of a call, and decides what each parcel does next. Of a parcel without an outcome the call's
// error tells; it is unclear if some of the group have one.
func (l *Lane) settle(ctx context.Context, parcels []*parcel, outcomes []connectors.Outcome, err error) {
	byKey := make(map[string]*connectors.Outcome, len(outcomes))
	for i := range outcomes {
		byKey[outcomes[i].Key] = &outcomes[i]
	}
	missing := connectors.Outcome{Class: connectors.Uncertain, Code: guard.CodeUnknown, Text: "the target gave no outcome"}
	if err != nil {
		missing.Code, missing.Text = guard.Describe(err)
		missing.Raw = err.Error()
		if len(outcomes) == 0 {
			missing.Class = connectors.ClassOf(err)
		}
	}
	if missing.Class == connectors.ItemError && len(parcels) > 1 { // one of them is refused: which, each shows alone
		for _, p := range parcels {
			p.alone = true
		}
		l.circuit.Abandon()
		l.putBack(parcels)
		return
	}
	s := settlement{lane: l, group: len(parcels), changes: make([]journal.Change, 0, len(parcels))}
	for _, p := range parcels {
		o := byKey[p.Delivery.Key]
		if o == nil {
			o = &missing
		}
		s.add(p, o)
	}
	s.finish(ctx)
}

// settlement collects what one group's outcomes lead to.
type settlement struct {
	lane    *Lane
	group   int // its size
	changes []journal.Change
	done    []*parcel
	back    []*parcel // to be tried again
	parked  map[journal.ID]bool
	wrong   []journal.Change // of them, the forms that are at fault, as the mapping says
	ended   map[connectors.Class]int
	worst   *connectors.Outcome
}

func (s *settlement) add(p *parcel, o *connectors.Outcome) {
	if s.ended == nil {
		s.ended = map[connectors.Class]int{}
	}
	s.ended[o.Class]++
	switch o.Class {
	case connectors.Written:
		c := journal.Change{To: journal.Done, Returned: o.Returned, Final: p.Final, Changed: p.Changed, Attempt: p.Progress != journal.Pending}
		if p.Match != nil {
			c.MatchKey = p.Match(o.Returned)
		}
		if p.Keys != nil {
			c.Keys = p.Keys(o.Returned)
		}
		for name, v := range o.Returned {
			if before, there := p.Returned[name]; there && before != v {
				s.lane.log.Warn().Str("code", journal.CodeOtherValues).Str("submission", p.ID.String()).Msg("the target returned other values than the first time: inbasket show tells of it")
				s.lane.notice(connectors.Notice{Code: journal.CodeOtherValues, Text: "target " + s.lane.Name +
					" returned other values for forms that it got again: what other targets hold of the old ones is wrong; the log names the forms, inbasket show the values"})
				break
			}
		}
		s.done = append(s.done, p)
		s.change(p, c)
	case connectors.ItemError:
		if o.Reject {
			s.wrong = append(s.wrong, journal.Change{ID: p.ID, Reason: reasonOf(o, "")})
		}
		s.park(p, journal.Change{Attempt: true, Reason: reasonOf(o, "mend the data or the mapping, then retry; or reject it")})
	case connectors.TargetError:
		if s.refusedAlone(p) {
			s.park(p, journal.Change{Attempt: true,
				Reason: reasonOf(o, "the target takes other submissions and refuses this one: mend its data, the mapping or the table, then retry; or reject it")})
			return
		}
		s.again(p, o)
	case connectors.Transient:
		s.again(p, o)
	default:
		p.Progress = journal.Unclear
		s.again(p, o)
	}
}

// change journals what becomes of a parcel.
func (s *settlement) change(p *parcel, c journal.Change) {
	c.ID, c.Target = p.ID, s.lane.Name
	s.changes = append(s.changes, c)
}

// again has a parcel tried again; what is in place stays known as such. What surely is not is as it was before: once its
// temporary file is gone, that must not mean that the legacy system has taken it.
func (s *settlement) again(p *parcel, o *connectors.Outcome) {
	if s.worst == nil || o.Class == connectors.TargetError {
		s.worst = o
	}
	if o.Untouched || p.Progress != journal.Staged && p.Progress != journal.Unclear {
		p.Progress = journal.Pending
	}
	s.back = append(s.back, p)
	s.change(p, journal.Change{To: p.Progress, Reason: reasonOf(o, ""), Attempt: true})
}

// park leaves a parcel to a person.
func (s *settlement) park(p *parcel, c journal.Change) {
	if s.parked == nil {
		s.parked = map[journal.ID]bool{}
	}
	s.parked[p.ID] = true
	s.done = append(s.done, p)
	c.To, c.Order = journal.Held, &p.Delivery.Order
	s.change(p, c)
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
	if s.group > 1 {
		return false
	}
	p.alone = true // the others go without it
	return wrote > p.wrote && l.clock.Now().Sub(p.failed) >= lonelyFor
}

func reasonOf(o *connectors.Outcome, next string) *journal.Reason {
	return &journal.Reason{Code: o.Code, Text: o.Text, Next: next, Raw: o.Raw}
}

// record makes it durable, and lets those go that are done.
func (s *settlement) record(ctx context.Context) error {
	if err := prepare.ApplyAll(ctx, s.lane.journal, s.changes); err != nil {
		return err
	}
	for _, c := range s.changes {
		if c.Stands != journal.Held { // it holds up no other: it has ended already
			delete(s.parked, c.ID)
		}
	}
	for _, c := range s.wrong {
		if err := prepare.Reject(ctx, s.lane.journal, c.ID, s.lane.Name, *c.Reason); err != nil { // it stays parked
			s.lane.log.Error().Str("code", journal.CodeUnavailable).Str("submission", c.ID.String()).Err(err).Msg("cannot journal that the form is rejected; it is parked")
		}
	}
	s.lane.forget(s.done, s.parked)
	if len(s.parked) > 0 {
		s.lane.log.Warn().Int("count", len(s.parked)).Msg("submissions parked: inbasket list --state parked")
	}
	return nil
}

// finish makes it durable, then lets the parcels go, or come again.
func (s *settlement) finish(ctx context.Context) {
	l := s.lane
	if err := s.record(ctx); err != nil {
		// The target may have it, the journal does not: it stays in memory as unclear and is looked up. What
		// was refused stays as it was: looked up, a file that was never put in place could seem to be taken.
		for _, p := range s.done {
			if !s.parked[p.ID] {
				p.Progress = journal.Unclear
			}
		}
		l.circuit.Fail(connectors.Transient, journal.CodeUnavailable, "the journal could not be written")
		l.log.Error().Str("code", journal.CodeUnavailable).Err(err).Msg("cannot journal what was delivered; it will be looked up")
		l.putBack(append(s.done, s.back...))
		return
	}
	written := s.ended[connectors.Written] > 0
	if written {
		l.mu.Lock()
		l.wrote++
		l.mu.Unlock()
	}
	l.delivered(s.ended)
	s.delay(written)
	if s.worst == nil || written { // it works, though not for all
		l.works()
	} else if l.circuit.Fail(s.worst.Class, s.worst.Code, s.worst.Text) && ctx.Err() == nil {
		l.log.Error().Str("code", s.worst.Code).Str("class", s.worst.Class.String()).Msg("target failed; nothing is lost, trying again: " + s.worst.Text)
	}
	if len(s.back) > 0 {
		l.putBack(s.back)
	}
}

// delay keeps what failed alone, or beside others that were written, from being first again and again:
// the others go before it.
func (s *settlement) delay(written bool) {
	l := s.lane
	for _, p := range s.back {
		p.tries++
		if s.group == 1 || written {
			p.due = l.clock.Now().Add(l.backoff.After(p.tries, 0))
		}
		if s.worst.Code == guard.CodePanic {
			p.broke = p.broke || s.group == 1
			p.alone = true // so that the one that breaks the connector is found
		}
	}
}
