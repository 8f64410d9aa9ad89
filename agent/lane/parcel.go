package lane

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// parcel is one delivery in a lane.
type parcel struct {
	prepare.Parcel
	light  bool      // for batches: what can be mapped anew was given back, see lighten
	tries  int       // failures so far, since it was read from the journal
	failed time.Time // first, as if the target were at fault
	wrote  int64     // groups that the lane had written then
	due    time.Time // not before this
	alone  bool      // goes in a group of its own
	broke  bool      // broke the connector, alone
}

// begun tells whether something of a parcel may already stand at the target.
func (p *parcel) begun() bool {
	return p.Progress == journal.Attempting || p.Progress == journal.Staged || p.Progress == journal.Unclear || p.restored()
}

// restored tells whether a parcel may have been delivered in the time that a restored journal does not know.
func (p *parcel) restored() bool { return p.Progress == journal.Doubtful }

// split parts parcels by whether they are of a kind.
func split(parcels []*parcel, is func(*parcel) bool) (those, rest []*parcel) {
	for _, p := range parcels {
		if is(p) {
			those = append(those, p)
		} else {
			rest = append(rest, p)
		}
	}
	return those, rest
}

func groupOf(parcels []*parcel) connectors.Group {
	g := connectors.Group{Items: make([]connectors.Delivery, len(parcels))}
	for i, p := range parcels {
		g.Items[i] = p.Delivery
	}
	return g
}

func piecesOf(members []*parcel) []encode.Piece {
	pieces := make([]encode.Piece, len(members))
	for i, m := range members {
		pieces[i] = *m.Piece
	}
	return pieces
}

// lighten gives back what can be mapped anew: the body, and the form in the key by which a result finds it.
func (p *parcel) lighten() {
	if p.Piece != nil {
		p.Piece = &encode.Piece{Records: p.Piece.Records, Counts: p.Piece.Counts, Totals: p.Piece.Totals}
	}
	p.light, p.Match, p.Keys, p.Delivery.Records = true, nil, nil, nil
}

// whole maps the light ones of a page of members anew, in their places.
func (l *Lane) whole(ctx context.Context, page []*parcel) ([]*parcel, error) {
	var ids []journal.ID
	for _, p := range page {
		if p.light {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return page, nil
	}
	made, err := l.stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	page = slices.Clone(page)
	for _, p := range made {
		if i := slices.IndexFunc(page, func(q *parcel) bool { return q.ID == p.ID }); i >= 0 {
			page[i] = p
		}
	}
	return page, nil
}

// stored maps deliveries that the journal has.
func (l *Lane) stored(ctx context.Context, ids []journal.ID) ([]*parcel, error) {
	stored, err := delivering.Of(l.journal).Load(ctx, l.Name, ids)
	if err != nil {
		return nil, err
	}
	return l.prepare(ctx, stored)
}

// batchKey is what a target knows a batch by.
func batchKey(identity string, seq int64) string {
	return identity + "/batch/" + strconv.FormatInt(seq, 10)
}
