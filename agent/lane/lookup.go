package lane

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// lookUp asks the target what became of parcels. Of those that a restore made doubtful, nothing at the target proves
// nothing: for a file it may mean that the legacy system has taken it, for a ledger that the form had another ID.
func (l *Lane) lookUp(ctx context.Context, parcels []*parcel) (map[string]connectors.Found, error) {
	restored, usual := split(parcels, (*parcel).restored)
	found := map[string]connectors.Found{}
	if err := l.ask(ctx, usual, l.target.Stages(), func(f connectors.Found) { found[f.Key] = f }); err != nil {
		return nil, err
	}
	if err := l.ask(ctx, restored, false, func(f connectors.Found) { found[f.Key] = f }); err != nil {
		return nil, err
	}
	unknown := func(key string) { found[key] = connectors.Found{Key: key, Presence: connectors.Unknown} }
	absent, _ := split(restored, func(p *parcel) bool { return found[p.Delivery.Key].Presence == connectors.Absent })
	if l.can.Recorded {
		for _, p := range absent {
			unknown(p.Delivery.Key)
		}
	}
	if !l.target.Stages() {
		return found, nil
	}
	// Absent is only what certainly never left: its temporary file still lies there. Taken for staged, a file counts as present
	// that lies under neither name.
	return found, l.ask(ctx, absent, true, func(f connectors.Found) {
		if f.Presence != connectors.Absent {
			unknown(f.Key)
		}
	})
}

// ask tells of each of some parcels what the target finds.
func (l *Lane) ask(ctx context.Context, parcels []*parcel, staged bool, tell func(connectors.Found)) error {
	if len(parcels) == 0 {
		return nil
	}
	g := groupOf(parcels)
	g.Staged = staged
	list, err := l.target.Lookup(ctx, g)
	for _, f := range list {
		tell(f)
	}
	return err
}

// unclearReason says why a parcel parks whose outcome the target cannot tell.
func unclearReason(p *parcel, where string) *journal.Reason {
	if p.restored() {
		return journal.RestoredReason()
	}
	if where != "" {
		where = " for " + where
	}
	return &journal.Reason{Code: journal.CodeUnclear, Text: "the outcome of an earlier attempt is unknown, and the target cannot tell",
		Next: "look in the target" + where + ": if it has the data, inbasket confirm; if not, inbasket retry --target"}
}

// parkRestored parks what a batch may have carried in the time that a restored journal does not know: no file tells
// of a single form. It returns the others. With an error some are not parked, and must not get into a batch.
func (l *Lane) parkRestored(ctx context.Context, parcels []*parcel) ([]*parcel, error) {
	unclear, rest := split(parcels, func(p *parcel) bool { return p.restored() && p.Batch == 0 })
	s := settlement{lane: l}
	for _, p := range unclear {
		s.park(p, journal.Change{Reason: journal.RestoredReason()})
	}
	return rest, s.record(ctx)
}

// lookUpBatch asks for a sealed batch.
func (l *Lane) lookUpBatch(ctx context.Context, g connectors.Group) (connectors.Presence, error) {
	found, err := l.target.Lookup(ctx, g)
	if err != nil || len(found) == 0 {
		return connectors.Unknown, err
	}
	return found[0].Presence, nil
}

// lookUpRestored asks for a sealed batch that may have been sent in the lost time: there, certainly not, or unclear.
func (l *Lane) lookUpRestored(ctx context.Context, g connectors.Group) (connectors.Presence, error) {
	g.Staged = false
	presence, err := l.lookUpBatch(ctx, g)
	if err != nil || presence != connectors.Absent {
		return presence, err
	}
	g.Staged = true
	if presence, err = l.lookUpBatch(ctx, g); presence == connectors.Present {
		presence = connectors.Unknown // neither name: never sent, or taken
	}
	return presence, err
}
