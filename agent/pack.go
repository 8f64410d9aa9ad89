package agent

import (
	"crypto/sha256"
	"errors"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/encode"
)

// fileRules say how a target that takes one file a form names its files.
type fileRules struct {
	name    string // template of the file's name
	control string // template of the control file's name; empty: none
}

// pack makes a parcel of one mapped delivery: records as they are, lines and files encoded.
func (l *lane) pack(a *arrived, in mapping.Input, d *mapping.Delivery) (*parcel, error) {
	s := &a.stored
	p := &parcel{id: s.ID, accepted: s.Accepted, progress: s.Progress, batch: s.Batch, size: int64(len(s.Form)),
		delivery: connectors.Delivery{Key: deliveryKey(s.ID, l.identity), Submission: in.ID, Digest: s.Digest, Order: d.Order, Records: d.Records}}
	if answers(a.plan) {
		p.match = func(returned map[string]connectors.Value) (key string) {
			err := guard.Safely("make the match key", func() error { key, _ = a.plan.MatchKey(a.form, in, returned); return nil })
			if err != nil { // the delivery stands; its results become orphans, which a person can attach
				l.log.Error().Str("code", CodePanic).Str("submission", in.ID).Msg("the mapping broke while making a match key")
			}
			return key
		}
	}
	if d.Piece != nil && l.sealing != nil {
		p.piece, p.layout, p.size = d.Piece, d.Layout, int64(len(d.Piece.Body))
		return p, nil
	}
	if d.Piece != nil {
		if err := l.packFile(p, s, d); err != nil {
			return nil, err
		}
	}
	p.delivery.Files = append(p.delivery.Files, d.Documents...)
	return p, nil
}

// packFile encodes the file that a delivery is, and its control file. Both depend on nothing but the
// submission and its mapping, so that every attempt makes the same bytes under the same name.
func (l *lane) packFile(p *parcel, s *journal.Stored, d *mapping.Delivery) error {
	if l.files == nil {
		return &connectors.Error{Class: connectors.ItemError, Code: CodeName, Op: "name the file", Err: errors.New("the target has no file section")}
	}
	vars := encode.NameVars{ID: p.delivery.Submission, Reference: s.Reference, Time: s.At}
	name, err := encode.RenderName(l.files.name, vars)
	if err != nil {
		return err
	}
	header := encode.Header{SealedAt: s.At, Name: name, ID: vars.ID, Reference: s.Reference}
	pieces := []encode.Piece{*d.Piece}
	file, err := d.Layout.File(header, pieces)
	if err != nil {
		return err
	}
	p.size = int64(len(file))
	p.delivery.Files = append(p.delivery.Files, connectors.File{Name: name, Blob: digested(file)})
	p.delivery.Control, err = controlFile(d.Layout, header, int64(len(file)), sha256.Sum256(file), pieces, l.files.control, vars)
	return err
}

// controlFile makes the file that tells the legacy system that another one is complete: as the layout has
// it, or empty under the name that the configuration gives. It is nil when neither wants one.
func controlFile(layout *encode.Layout, h encode.Header, size int64, digest connectors.Digest, pieces []encode.Piece, template string, vars encode.NameVars) (*connectors.File, error) {
	name, body, ok, err := layout.Control(h, size, digest, pieces)
	if err != nil {
		return nil, err
	}
	if template != "" {
		if name, err = encode.RenderName(template, vars); err != nil {
			return nil, err
		}
		ok = true
	}
	if !ok {
		return nil, nil
	}
	return &connectors.File{Name: name, Blob: digested(body)}, nil
}
