package smtp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/inbasket/inbasket/connectors"
)

// letter is one mail: a delivery with its files, or a sealed batch.
type letter struct {
	keys  []string // of the deliveries that it is for
	key   string   // what its Message-ID is made of
	id    string   // what {id} stands for
	files []connectors.File
}

// letters are the mails of a group.
func letters(g connectors.Group) (all []letter) {
	if g.File != nil {
		l := letter{key: g.Key, id: strconv.FormatInt(g.Seq, 10), files: with(g.Control, *g.File)}
		for _, d := range g.Items {
			l.keys = append(l.keys, d.Key)
		}
		return []letter{l}
	}
	for _, d := range g.Items {
		all = append(all, letter{[]string{d.Key}, d.Key, d.Submission, with(d.Control, d.Files...)})
	}
	return all
}

func with(control *connectors.File, files ...connectors.File) []connectors.File {
	if control == nil {
		return files
	}
	return append(files[:len(files):len(files)], *control)
}

// messageID is the same at every attempt, so that a mail that came twice is known as one.
func (l letter) messageID(from string) string {
	sum := sha256.Sum256([]byte(l.key))
	return hex.EncodeToString(sum[:16]) + from[strings.LastIndexByte(from, '@'):]
}

// fill puts the letter's own into a text of the configuration.
func (l letter) fill(text string) string {
	file := ""
	if len(l.files) > 0 {
		file = l.files[0].Name
	}
	return strings.NewReplacer("{id}", l.id, "{file}", file).Replace(text)
}

// size is about how long the mail will be, and never less: base64 with its line breaks, and the headers.
func (l letter) size(c *Config) int64 {
	n := int64(4096 + 3*len(c.Text) + 100*len(c.To))
	for _, f := range l.files {
		n += f.Blob.Size*4/3 + f.Blob.Size/30 + 1024
	}
	return n
}

// write writes the mail. Files are sent as bytes that no program on the way may change.
func (l letter) write(w io.Writer, c *Config, now time.Time) error {
	var h mail.Header
	to := make([]*mail.Address, len(c.To))
	for i, a := range c.To {
		to[i] = &mail.Address{Address: a}
	}
	h.SetAddressList("From", []*mail.Address{{Address: c.From}})
	h.SetAddressList("To", to)
	h.SetDate(now)
	h.SetMessageID(l.messageID(c.From))
	h.SetSubject(l.fill(c.Subject))
	h.Set("Auto-Submitted", "auto-generated") // absence notes do not answer it
	m, err := mail.CreateWriter(w, h)
	if err != nil {
		return err
	}
	var text mail.InlineHeader
	text.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	body, err := m.CreateSingleInline(text)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, strings.ReplaceAll(l.fill(c.Text), "\n", "\r\n")); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	for _, f := range l.files {
		if err := attach(m, f); err != nil {
			return err
		}
	}
	return m.Close()
}

// contentError is a file of ours that cannot be read.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }

// attach adds a file; one that has become another is not sent.
func attach(m *mail.Writer, f connectors.File) error {
	var h mail.AttachmentHeader
	h.SetContentType("application/octet-stream", nil)
	h.SetFilename(f.Name)
	h.Set("Content-Transfer-Encoding", "base64")
	w, err := m.CreateAttachment(h)
	if err != nil {
		return err
	}
	r, err := f.Blob.Open()
	if err != nil {
		return &contentError{err}
	}
	defer r.Close()
	sum := sha256.New()
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			sum.Write(buf[:n])
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return &contentError{err}
		}
	}
	if d := f.Blob.Digest; d != (connectors.Digest{}) && connectors.Digest(sum.Sum(nil)) != d {
		return &contentError{fmt.Errorf("it is not what its digest says")}
	}
	return w.Close()
}
