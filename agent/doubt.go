package agent

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// doubted tells whether a parcel may have been delivered in the time that a restored journal does not know.
func doubted(p *parcel) bool { return p.progress == journal.Doubtful }

// lookup asks the target what became of parcels. Of those that a restore made doubtful, nothing at the target proves
// nothing: for a file it may mean that the legacy system has taken it, for a ledger that the form had another ID.
func (l *lane) lookup(ctx context.Context, parcels []*parcel) (map[string]connectors.Found, error) {
	var usual, doubtful []*parcel
	for _, p := range parcels {
		if doubted(p) {
			doubtful = append(doubtful, p)
		} else {
			usual = append(usual, p)
		}
	}
	found := map[string]connectors.Found{}
	ask := func(parcels []*parcel, staged bool) error {
		if len(parcels) == 0 {
			return nil
		}
		g := groupOf(parcels)
		g.Staged = staged
		list, err := l.target.Lookup(ctx, g)
		for _, f := range list {
			found[f.Key] = f
		}
		return err
	}
	if err := ask(usual, l.target.Stages()); err != nil {
		return nil, err
	}
	if err := ask(doubtful, false); err != nil {
		return nil, err
	}
	return found, l.proveAbsence(ctx, doubtful, found)
}

// proveAbsence leaves of what was not found only that which certainly never left: its temporary file still lies there.
func (l *lane) proveAbsence(ctx context.Context, doubtful []*parcel, found map[string]connectors.Found) error {
	var absent []*parcel
	for _, p := range doubtful {
		if f := found[p.delivery.Key]; f.Presence == connectors.Absent {
			absent = append(absent, p)
			if l.can.Recorded {
				found[p.delivery.Key] = connectors.Found{Key: f.Key, Presence: connectors.Unknown}
			}
		}
	}
	if len(absent) == 0 || !l.target.Stages() {
		return nil
	}
	// Taken for staged, a file counts as present that lies under neither name.
	g := groupOf(absent)
	g.Staged = true
	list, err := l.target.Lookup(ctx, g)
	for _, f := range list {
		if f.Presence != connectors.Absent {
			found[f.Key] = connectors.Found{Key: f.Key, Presence: connectors.Unknown}
		}
	}
	return err
}

// unclear says why a parcel parks whose outcome the target cannot tell.
func (l *lane) unclear(p *parcel) *journal.Reason {
	if doubted(p) {
		return restoredReason()
	}
	return &journal.Reason{Code: CodeUnclear, Text: "the outcome of an earlier attempt is unknown, and the target cannot tell",
		Next: "look in the target: if it has the data, inbasket confirm; if not, inbasket retry"}
}

func restoredReason() *journal.Reason {
	return &journal.Reason{Code: CodeRestore, Text: "it may have been delivered after the backup was made that the journal was restored from, and the target cannot tell",
		Next: "look in the target: if it has the data, inbasket confirm; if not, inbasket retry delivers it"}
}

// parkDoubtful parks what a batch may have carried in the time that a restored journal does not know: no file tells
// of a single form. It returns the others.
func (l *lane) parkDoubtful(ctx context.Context, parcels []*parcel) []*parcel {
	if l.sealing == nil {
		return parcels
	}
	rest := make([]*parcel, 0, len(parcels))
	s := settlement{lane: l}
	for _, p := range parcels {
		if !doubted(p) || p.batch != 0 {
			rest = append(rest, p)
			continue
		}
		s.changes = append(s.changes, journal.Change{ID: p.id, Target: l.name, To: journal.Held, Reason: restoredReason()})
		s.park(p)
	}
	if len(s.changes) > 0 {
		s.finish(ctx)
	}
	return rest
}

// lookupDoubtful asks for a sealed batch that may have been sent in the lost time: there, certainly not, or unclear.
func (l *lane) lookupDoubtful(ctx context.Context, g connectors.Group) (connectors.Presence, error) {
	g.Staged = false
	presence, err := l.lookupBatch(ctx, g)
	if err != nil || presence != connectors.Absent {
		return presence, err
	}
	g.Staged = true
	if presence, err = l.lookupBatch(ctx, g); presence == connectors.Present {
		presence = connectors.Unknown // neither name: never sent, or taken
	}
	return presence, err
}

// batchDoubtful stops the target for a batch of which nobody can tell whether it was sent. The journal keeps it as
// doubtful, so that the next start asks again.
func (l *lane) batchDoubtful(b *journal.Batch) {
	l.mu.Lock()
	l.held = withCode(CodeRestore, "whether batch "+b.Name+" was sent after the backup was made cannot be told")
	l.mu.Unlock()
	l.circuit.OK()
	l.log.Error().Str("code", CodeRestore).Int64("batch", b.Seq).Msg("whether the batch was sent after the backup was made cannot be told; look at the target: " +
		"inbasket confirm --batch if it has the file, inbasket retry --target to send it, or inbasket batches void")
}
