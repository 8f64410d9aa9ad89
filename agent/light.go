package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// batchBytes bounds the encoded bodies that the open batch of a lane holds in memory. It closes no batch: of what comes
// after, only what tells when the batch closes is kept, and the rest is mapped anew, page by page, when it is sealed.
const batchBytes = 16 << 20

// hold counts what a parcel of an open batch holds, or lightens it. The caller holds mu.
func (l *lane) hold(p *parcel) {
	switch {
	case l.sealing == nil || p.light:
	case l.sealing.held+p.size > batchBytes:
		p.lighten()
	default:
		l.sealing.held += p.size
	}
}

// letGo is the reverse of hold for a parcel that leaves the queue. The caller holds mu.
func (l *lane) letGo(p *parcel) {
	if l.sealing != nil && !p.light {
		l.sealing.held -= p.size
	}
}

// lighten gives back what can be mapped anew: the body, and the form in the key by which a result finds it.
func (p *parcel) lighten() {
	if p.piece != nil {
		p.piece = &encode.Piece{Records: p.piece.Records, Counts: p.piece.Counts, Totals: p.piece.Totals}
	}
	p.light, p.match, p.delivery.Records = true, nil, nil
}

// whole maps the light ones of a page of members anew, in their places.
func (l *lane) whole(ctx context.Context, page []*parcel) ([]*parcel, error) {
	var ids []journal.ID
	for _, p := range page {
		if p.light {
			ids = append(ids, p.id)
		}
	}
	if len(ids) == 0 {
		return page, nil
	}
	stored, err := l.journal.Load(ctx, l.name, ids)
	if err != nil {
		return nil, err
	}
	made, err := l.prepare(ctx, l.name, stored)
	if err != nil {
		return nil, err
	}
	page = slices.Clone(page)
	for _, p := range made {
		if i := slices.IndexFunc(page, func(q *parcel) bool { return q.id == p.id }); i >= 0 {
			page[i] = p
		}
	}
	return page, nil
}

// errChanged says that a member is not what it was when it was queued: an operator gave it up, or another mapping.
var errChanged = errors.New("a member of the batch has changed meanwhile")

// file gives the bytes of a batch's file while they are made.
func (l *lane) file(ctx context.Context, h encode.Header, pieces []encode.Piece, members []*parcel) io.ReadCloser {
	r, w := io.Pipe()
	var page []*parcel
	body := func(n int) ([]byte, error) {
		if n%pageItems == 0 {
			var err error
			if page, err = l.whole(ctx, members[n:min(n+pageItems, len(members))]); err != nil {
				return nil, err
			}
		}
		p := page[n%pageItems]
		if p.light || p.piece == nil || p.size != members[n].size || p.layout != members[n].layout {
			return nil, errChanged
		}
		return p.piece.Body, nil
	}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				w.CloseWithError(&connectors.Error{Class: connectors.Transient, Code: loop.CodePanic, Op: "seal the batch", Err: fmt.Errorf("%v", p)})
			}
		}()
		w.CloseWithError(members[0].layout.Write(w, h, pieces, body))
	}()
	return r
}
