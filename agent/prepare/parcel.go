package prepare

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/encode"
)

// Target is what the parcels for one are made by.
type Target struct {
	Name     string
	Identity string
	Batch    bool   // its deliveries travel in batches, which are encoded when they are sealed
	File     string // template of a file's name; empty: it takes no file a form
	Control  string // template of the control file's name; empty: none
}

// Parcel is one delivery, mapped and encoded, on its way to its target.
type Parcel struct {
	ID       journal.ID
	Target   string
	Accepted time.Time // its submission, not its file
	Progress journal.Progress
	Batch    int64 // of a sealed batch it is a member of
	Delivery connectors.Delivery
	Piece    *encode.Piece // for batches: the encoded body
	Layout   *encode.Layout
	Size     int64
	Content  int64                       // bytes of content in its records, which a database is given whole
	Changed  string                      // what the mapping changed in values: cut, rounded, transliterated; without content
	Final    bool                        // no decision is expected: delivered is the last word
	Returned map[string]connectors.Value // by targets so far, and by this one before it was delivered again
	// Match returns the key by which a result finds the submission, once the returned values are known; nil: none can come.
	Match func(returned map[string]connectors.Value) string
	// Keys returns by what people find the submission, in the same way; nil: the mapping names nothing.
	Keys func(returned map[string]connectors.Value) []journal.Key
}

// pack makes a parcel of one mapped delivery: records as they are, lines and files encoded.
func (p *Preparer) pack(f *Form, in mapping.Input, d *mapping.Delivery, to *Target) (Parcel, error) {
	s := &f.Stored
	out := Parcel{ID: s.ID, Target: d.Target, Accepted: s.Accepted, Progress: s.Progress, Batch: s.Batch, Size: int64(len(s.Form)), Returned: s.Returned,
		Delivery: connectors.Delivery{Key: s.ID.String() + "/" + to.Identity, Submission: in.ID, Digest: s.Digest, Order: d.Order, Records: d.Records}}
	if reads, _ := f.Plan.HasAnswer(); reads {
		out.Match = func(returned map[string]connectors.Value) (key string) {
			err := guard.Safely("make the match key", func() error { key, _ = f.Plan.MatchKey(f.Content, in, returned); return nil })
			if err != nil { // the delivery stands; its results become orphans, which a person can attach
				p.Log.Error().Str("code", loop.CodePanic).Str("submission", in.ID).Msg("the mapping broke while making a match key")
			}
			return key
		}
	}
	if f.Plan.HasKeys() {
		out.Keys = func(returned map[string]connectors.Value) []journal.Key {
			return KeysOf(f.Plan, f.Content, knowing(in, returned))
		}
	}
	for i := range d.Records {
		for _, v := range d.Records[i].Values {
			if v.Blob != nil {
				out.Content += v.Blob.Size
			}
		}
	}
	if to.Batch && len(d.Documents) > 0 {
		return out, errors.New("a batch takes no attachments")
	}
	if d.Piece != nil && to.Batch {
		out.Piece, out.Layout, out.Size = d.Piece, d.Layout, int64(len(d.Piece.Body))
		return out, nil
	}
	if d.Piece != nil {
		if err := out.file(s, d, to); err != nil {
			return out, err
		}
	}
	out.Delivery.Files = append(out.Delivery.Files, d.Documents...)
	return out, nil
}

// knowing is what the mapping knows once a target has returned its values, beside those of others.
func knowing(in mapping.Input, returned map[string]connectors.Value) mapping.Input {
	all := maps.Clone(in.Returned)
	if all == nil {
		all = map[string]connectors.Value{}
	}
	maps.Copy(all, returned)
	in.Returned = all
	return in
}

// maxChanges bounds how many changes of one delivery are put on record one by one.
const maxChanges = 20

// changed lists what the mapping changed in the values of one target, and what of the form it does not know.
func changed(m *mapping.Mapped, target string) string {
	var all []string
	if len(m.Unknown) > 0 {
		all = append(all, "not written, since the mapping does not know these fields: "+strings.Join(m.Unknown, ", "))
	}
	for _, n := range m.Notes {
		if n.Target == target {
			all = append(all, n.Write+"."+n.Field+": "+n.Text)
		}
	}
	if more := len(all) - maxChanges; more > 0 {
		all = append(all[:maxChanges], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, "; ")
}

// file encodes the file that a delivery is, and its control file. Both depend on nothing but the submission and its
// mapping, so that every attempt makes the same bytes under the same name.
func (p *Parcel) file(s *journal.Stored, d *mapping.Delivery, to *Target) error {
	if to.File == "" {
		return &connectors.Error{Class: connectors.ItemError, Code: CodeName, Op: "name the file", Err: errors.New("the target has no file section")}
	}
	vars := encode.NameVars{ID: p.Delivery.Submission, Reference: s.Reference, Time: s.At}
	name, err := encode.RenderName(to.File, vars)
	if err != nil {
		return err
	}
	header := encode.Header{SealedAt: s.At, Name: name, ID: vars.ID, Reference: s.Reference}
	pieces := []encode.Piece{*d.Piece}
	file, err := d.Layout.File(header, pieces)
	if err != nil {
		return err
	}
	p.Size = int64(len(file))
	p.Delivery.Files = append(p.Delivery.Files, connectors.File{Name: name, Blob: connectors.BytesBlob(file)})
	p.Delivery.Control, err = ControlFile(d.Layout, header, p.Size, sha256.Sum256(file), pieces, to.Control, vars)
	return err
}

// ControlFile makes the file that tells the legacy system that another one is complete: as the layout has
// it, or empty under the name that the configuration gives. It is nil when neither wants one.
func ControlFile(layout *encode.Layout, h encode.Header, size int64, digest connectors.Digest, pieces []encode.Piece, template string, vars encode.NameVars) (*connectors.File, error) {
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
	return &connectors.File{Name: name, Blob: connectors.BytesBlob(body)}, nil
}
