package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"path"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
)

// Inbasket takes forms out of a folder.
type Inbasket struct{ *source }

// Next returns ready forms; the handle is the file's name.
func (b *Inbasket) Next(ctx context.Context, max int) ([]connectors.Submission, error) {
	items, err := b.source.Next(ctx, max)
	if err != nil {
		return nil, err
	}
	out := make([]connectors.Submission, len(items))
	for i, it := range items {
		out[i] = connectors.Submission{
			Handle: it.form.Name, Transport: it.form.Name, ContentType: contentType(it.form.Name),
			Form: it.content, Attachments: b.attachments(it.candidate), At: it.form.at(),
		}
	}
	return out, nil
}

// Answers takes answer files, with the documents beside them, out of a folder.
type Answers struct{ *source }

// Next returns ready answer files. A result's identity is its name and content: a second decision in a
// file of the same name is a second result, the same file once more is the same result.
func (a *Answers) Next(ctx context.Context, max int) ([]connectors.Result, error) {
	items, err := a.source.Next(ctx, max)
	if err != nil {
		return nil, err
	}
	out := make([]connectors.Result, len(items))
	for i, it := range items {
		sum := sha256.Sum256(it.content)
		out[i] = connectors.Result{
			Handle: it.form.Name, ID: it.form.Name + ":" + hex.EncodeToString(sum[:16]), File: it.form.Name,
			Content: it.content, Documents: a.attachments(it.candidate), At: it.form.at(),
			Gap: it.candidate.gap, Still: func() bool { return a.lies(it) },
		}
	}
	return out, nil
}

func (s *source) attachments(g *candidate) []connectors.Attachment {
	if len(g.attached) == 0 {
		return nil
	}
	out := make([]connectors.Attachment, len(g.attached))
	for i := range g.attached {
		a := &g.attached[i]
		out[i] = connectors.Attachment{Name: a.Name, ContentType: contentType(a.Name), Blob: connectors.Blob{
			Size: a.Size,
			Open: func() (io.ReadCloser, error) {
				if a.Size > s.cfg.Attachments.MaxBytes {
					return nil, connectors.Errorf(connectors.ItemError, CodeTooLarge, "read a document",
						"make it smaller, or raise attachments.max-bytes", "it is over %d bytes", s.cfg.Attachments.MaxBytes)
				}
				return s.openSeen(a)
			},
		}}
	}
	return out
}

// seenFile reads a file and says at its end whether it is still what was seen when the form was; then its digest is
// known.
type seenFile struct {
	place.File
	seen *stat
	hash hash.Hash
}

func (s *source) openSeen(seen *stat) (io.ReadCloser, error) {
	f, err := s.place.Open(s.life, seen.Name)
	if err != nil {
		return nil, err
	}
	return &seenFile{f, seen, sha256.New()}, nil
}

func (f *seenFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	_, _ = f.hash.Write(p[:n]) // never fails
	if errors.Is(err, io.EOF) {
		if now, e := f.Info(); e != nil || !f.seen.same(now) {
			return n, errors.Join(errChanged, e)
		}
		sum := connectors.Digest(f.hash.Sum(nil))
		f.seen.sum = &sum
	}
	return n, err
}

// contentType knows the types that forms and documents have; the system's own table differs from
// machine to machine.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".csv":
		return "text/csv"
	case ".txt":
		return "text/plain"
	case ".pdf":
		return "application/pdf"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".tif", ".tiff":
		return "image/tiff"
	case ".zip":
		return "application/zip"
	case ".eml":
		return "message/rfc822"
	}
	return ""
}
