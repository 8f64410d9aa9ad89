package frontoffice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

// headLimit is how many bytes may come between the content of two parts: boundary and headers.
const headLimit = 32 << 10

// gate lets only so many bytes through while the head of a part is read; the reader of a part itself is
// bounded on its own.
type gate struct {
	r    io.Reader
	left int64 // -1: open
}

func (g *gate) Read(b []byte) (int, error) {
	if g.left < 0 {
		return g.r.Read(b)
	}
	if g.left == 0 {
		return 0, errHead
	}
	if int64(len(b)) > g.left {
		b = b[:g.left]
	}
	n, err := g.r.Read(b)
	g.left -= int64(n)
	return n, err
}

var errHead = errors.New("head of a part is too long")

// parts is what a multipart body holds.
type parts struct {
	contentType string
	form        []byte
	attachments []connectors.Attachment
	size        int64  // of all that was read
	kept        int64  // of attachments that the content store has
	release     func() // gives the form's memory back; never nil
	fields      []byte // what a browser's form has, as it would be without files: all parts by name, of files the names
	plain       bool   // one of them is no file
}

// readMultipart takes the form from the part named form, and streams every other part into the content
// store as an attachment, in whatever order they come; keep says whether new ones are kept there. Where no part is named form, the
// parts that are no files are the fields of a browser's form.
func (a *API) readMultipart(ctx context.Context, x *account, body io.Reader, boundary string, keep func() bool) (p parts, prob *Problem) {
	p.release = func() {}
	edges := &edges{r: body, first: []byte("--" + boundary), last: []byte("\n--" + boundary + "--")}
	g := &gate{r: edges}
	r := multipart.NewReader(g, boundary)
	for {
		g.left = headLimit
		part, err := r.NextPart()
		g.left = -1
		if err == io.EOF {
			break
		}
		if err != nil {
			return p, a.bodyProblem(err)
		}
		if prob = a.readPart(ctx, x, part, &p, keep); prob != nil {
			return p, prob
		}
	}
	if _, err := io.Copy(io.Discard, g); err != nil {
		return p, a.bodyProblem(err)
	}
	if edges.stray {
		return p, problem(http.StatusBadRequest, CodeMultipart, "the multipart body has something before its first boundary or after its last one")
	}
	switch {
	case p.contentType != "" && p.plain:
		return p, problem(http.StatusBadRequest, CodeMultipart, "every part but the one named form needs a file name")
	case p.plain && int64(len(p.fields)) > a.limits.Form:
		return p, a.largeProblem("a form", a.limits.Form, "bytes")
	case p.plain:
		p.contentType, p.form = "application/x-www-form-urlencoded; charset=utf-8", p.fields
	case p.contentType == "":
		return p, problem(http.StatusBadRequest, CodeMultipart, "there is no part named form, and none that is no file")
	}
	return p, nil
}

func (a *API) readPart(ctx context.Context, x *account, part *multipart.Part, p *parts, keep func() bool) *Problem {
	if name := twice(part.Header); name != "" {
		return problem(http.StatusBadRequest, CodeMultipart, "the header %s of a part is there more than once", name)
	}
	if encoded(part.Header.Get("Content-Encoding")) || encoded(part.Header.Get("Content-Transfer-Encoding")) {
		return problem(http.StatusUnsupportedMediaType, CodeEncoding, "send each part as it is, without Content-Encoding and Content-Transfer-Encoding")
	}
	if part.FormName() == "form" {
		if p.contentType != "" {
			return problem(http.StatusBadRequest, CodeMultipart, "there are two parts named form")
		}
		t, ok := mediaType(part.Header.Get("Content-Type"))
		if !ok || t == "multipart/form-data" {
			return unsupported("the part named form needs a Content-Type of a form")
		}
		b, release, err := a.readForm(x, part, 0)
		if err != nil {
			return a.bodyProblem(err)
		}
		p.contentType, p.form = part.Header.Get("Content-Type"), b
		p.hold(release)
		return nil
	}
	file, named := fileName(part.Header)
	if file == "" && p.contentType == "" {
		return a.readField(x, part, p, named)
	}
	if len(p.attachments) >= a.limits.Attachments {
		return a.largeProblem("a form", int64(a.limits.Attachments), "attachments")
	}
	name, ok := safeName(file)
	if !ok {
		return problem(http.StatusBadRequest, CodeMultipart, "every part but the one named form needs a file name")
	}
	p.field(part.FormName(), name)
	c := &cappedReader{r: part, what: "an attachment", most: a.limits.Attachment}
	var blob connectors.Blob
	var err error
	if keep() {
		blob, err = a.content.Put(ctx, c, a.limits.Attachment)
		p.kept += blob.Size
	} else {
		blob, err = digested(c)
	}
	if err != nil {
		return a.storeProblem(err)
	}
	p.attachments = append(p.attachments, connectors.Attachment{Name: name, ContentType: plainType(part.Header.Get("Content-Type")), Blob: blob})
	return nil
}

// encoded tells whether what has such an encoding must be decoded first.
func encoded(encoding string) bool {
	switch strings.ToLower(encoding) {
	case "", "identity", "7bit", "8bit", "binary":
		return false
	}
	return true
}

// readForm reads a form into memory, of which a front office has no more than its share; length is what it says of itself.
func (a *API) readForm(x *account, r io.Reader, length int64) (b []byte, release func(), err error) {
	most := a.memory.limit
	if a.offices.Load().several {
		most = most * shareOf / shareIn
	}
	return a.memory.read(r, length, a.limits.Form, &x.held, most)
}

// readField reads a part that is no file. named: it has an empty file name, as a file has that was not chosen.
func (a *API) readField(x *account, part *multipart.Part, p *parts, named bool) *Problem {
	_, params, err := mime.ParseMediaType(cmp.Or(part.Header.Get("Content-Type"), "text/plain"))
	if cs, said := params["charset"]; err != nil || said && !strings.EqualFold(cs, "utf-8") && !strings.EqualFold(cs, "us-ascii") {
		return unsupported("a field of a browser's form is text in UTF-8, and the part named form needs a Content-Type of a form")
	}
	value, release, err := a.readForm(x, part, 0)
	if err != nil {
		return a.bodyProblem(err)
	}
	p.hold(release)
	switch {
	case part.FormName() == "":
		return problem(http.StatusBadRequest, CodeMultipart, "a part has neither a name nor a file name")
	case named && len(value) > 0:
		return problem(http.StatusBadRequest, CodeMultipart, "a file has no name")
	}
	p.field(part.FormName(), string(value))
	if p.plain = p.plain || !named; int64(len(p.fields)) > a.limits.Form {
		return a.largeProblem("a form", a.limits.Form, "bytes")
	}
	return nil
}

// hold keeps what gives memory back.
func (p *parts) hold(release func()) {
	before := p.release
	p.release = func() { before(); release() }
}

// field adds a field as urlencoded forms have it.
func (p *parts) field(name, value string) {
	if len(p.fields) > 0 {
		p.fields = append(p.fields, '&')
	}
	p.fields = append(append(append(p.fields, url.QueryEscape(name)...), '='), url.QueryEscape(value)...)
}

// fileName returns the file name of a part; named: there is one, if only an empty one.
func fileName(h textproto.MIMEHeader) (name string, named bool) {
	_, params, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err != nil {
		return "", false
	}
	name, named = params["filename"]
	return name, named
}

// safeName keeps the last element of a name of any system, in NFC, without control characters and what
// some system takes for something else; at most 200 bytes, the extension kept. False if nothing is left.
func safeName(s string) (string, bool) {
	s = norm.NFC.String(strings.ToValidUTF8(s, "_"))
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '/':
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, s)
	s = norm.NFC.String(s) // again: what was taken out may have kept an accent from its letter
	if s = trimName(s); s == "" {
		return "", false
	}
	const most = 200
	if len(s) > most {
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = s[:most-len(ext)]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		s = trimName(trimName(s) + ext)
	}
	return s, s != ""
}

// trimName takes off what Windows would drop from the end of a name by itself, and space before it.
func trimName(s string) string {
	return strings.TrimLeftFunc(strings.TrimRightFunc(s, func(r rune) bool { return r == '.' || unicode.IsSpace(r) }), unicode.IsSpace)
}

// plainType returns a media type without parameters, or nothing if it is not one.
func plainType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(t, "/") || len(t) > 100 {
		return ""
	}
	return t
}

func unsupported(detail string) *Problem {
	var takes []string
	for _, f := range decode.Formats() {
		takes = append(takes, f.Media[:min(len(f.Media), 1)]...)
	}
	last := len(takes) - 1
	return problem(http.StatusUnsupportedMediaType, CodeMediaType, "%s: %s or %s; or multipart/form-data", detail, strings.Join(takes[:last], ", "), takes[last]).
		with("Accept", strings.Join(takes, ", ")+", multipart/form-data")
}

// edges looks for what stands before the first boundary of a multipart body or after the last one: readers pass over it,
// and whoever has sent a part there would never know.
type edges struct {
	r           io.Reader
	first, last []byte // the boundaries: how the body begins, and what ends it
	tail        []byte // of what has come, as much as may be the beginning of one
	begun, over bool
	stray       bool
}

func (e *edges) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.look(b[:n])
	return n, err
}

func (e *edges) look(b []byte) {
	if e.over {
		e.blank(b)
		return
	}
	e.tail = append(e.tail, b...)
	if !e.begun {
		text := bytes.TrimLeft(e.tail, " \t\r\n")
		if len(text) < len(e.first) {
			return
		}
		e.begun = true
		e.stray = !bytes.HasPrefix(text, e.first)
	}
	if at := bytes.Index(e.tail, e.last); at >= 0 {
		e.over = true
		e.blank(e.tail[at+len(e.last):])
		return
	}
	keep := min(len(e.tail), len(e.last)-1)
	e.tail = append(e.tail[:0], e.tail[len(e.tail)-keep:]...)
}

func (e *edges) blank(b []byte) { e.stray = e.stray || len(bytes.TrimSpace(b)) > 0 }
