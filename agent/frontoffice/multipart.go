package frontoffice

import (
	"cmp"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

// headLimit is how many bytes may come between the content of two parts: boundary and headers.
const headLimit = 32 << 10

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
	edges := &wire.Edges{R: body, First: []byte("--" + boundary), Last: []byte("\n--" + boundary + "--")}
	g := &wire.Gate{R: edges}
	r := multipart.NewReader(g, boundary)
	for {
		g.Left = headLimit
		part, err := r.NextPart()
		g.Left = -1
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
	if edges.Stray {
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
	file, named := wire.FileName(part.Header)
	if file == "" && (named || p.contentType == "") { // whether a file was not chosen does not depend on the order of the parts
		return a.readField(x, part, p, named)
	}
	if len(p.attachments) >= a.limits.Attachments {
		return a.largeProblem("a form", int64(a.limits.Attachments), "attachments")
	}
	name, ok := wire.SafeName(file)
	if !ok {
		return problem(http.StatusBadRequest, CodeMultipart, "every part but the one named form needs a file name")
	}
	p.field(part.FormName(), name)
	c := &wire.Capped{R: part, What: "an attachment", Most: a.limits.Attachment}
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
	p.attachments = append(p.attachments, connectors.Attachment{Name: name, ContentType: wire.PlainType(part.Header.Get("Content-Type")), Blob: blob})
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

func unsupported(detail string) *Problem {
	var takes []string
	for _, f := range decode.Formats() {
		takes = append(takes, f.Media[:min(len(f.Media), 1)]...)
	}
	last := len(takes) - 1
	return problem(http.StatusUnsupportedMediaType, CodeMediaType, "%s: %s or %s; or multipart/form-data", detail, strings.Join(takes[:last], ", "), takes[last]).
		with("Accept", strings.Join(takes, ", ")+", multipart/form-data")
}
