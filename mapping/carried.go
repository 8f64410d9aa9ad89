package mapping

import (
	"crypto/sha256"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Carried are the files that a form carries in itself, as a mail does: attachments of its submission. Where the form cannot be read there are none; Decode
// says why.
func (p *Plan) Carried(form []byte) []connectors.Attachment {
	files, err := decode.Carried(p.parts.Format, form, p.parts.Options)
	if err != nil || len(files) == 0 {
		return nil
	}
	out := make([]connectors.Attachment, len(files))
	for i, f := range files {
		out[i] = connectors.Attachment{Name: f.Name, ContentType: f.Type, Blob: connectors.BytesBlob(f.Content)}
		out[i].Blob.Digest = sha256.Sum256(f.Content)
	}
	return out
}
