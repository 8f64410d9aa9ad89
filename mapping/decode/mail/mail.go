// Package mail reads mails (RFC 5322, MIME): what their heads say, their text, and the files in them. It is strict: what may be read in two ways, or is not
// well-formed, is an error, since nobody sees what a guess would lose. Errors name a place and never hold content.
package mail

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Address is one sender or receiver.
type Address struct{ Name, Address string }

// File is a part that is no text of the form.
type File struct {
	Name, Type string
	Content    []byte
}

// Mail is what is in one.
type Mail struct {
	From, ReplyTo, To []Address
	Subject           string
	MessageID         string // without < and >
	Date              time.Time
	Text              string // lines end with \n
	Files             []File
}

// Kind says what is wrong with a mail.
type Kind int

// The kinds of errors.
const (
	Malformed Kind = iota // it is no mail, or is not well-formed
	Charset               // a character set is not known, or a text is not valid in it
	Deep                  // parts within parts, too deep
	HTML                  // its only text is HTML
	Encrypted             // it is encrypted, or signed so that nothing can be read
)

// Error says what is wrong, without content.
type Error struct {
	Kind Kind
	Text string
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

func failed(k Kind, format string, args ...any) error {
	return &Error{k, fmt.Sprintf(format, args...)}
}

const (
	maxHead  = 256 << 10
	maxParts = 1000
)

// Read reads a mail; depth is how deep parts may lie within parts.
func Read(b []byte, depth int) (*Mail, error) {
	r := reader{depth: depth, names: map[string]bool{}}
	e, err := message.ReadWithOptions(bytes.NewReader(b), &message.ReadOptions{MaxHeaderBytes: maxHead})
	if err = r.known(e, err); err != nil {
		return nil, err
	}
	if err = r.head(e.Header); err == nil {
		err = r.part(e, 0, false)
	}
	switch {
	case err != nil:
		return nil, err
	case !r.texts && r.html:
		return nil, failed(HTML, "the mail has its text in HTML only, and fields cannot be told in that: have it sent as text")
	}
	return &r.mail, nil
}

type reader struct {
	mail  Mail
	depth int
	parts int
	names map[string]bool // of files
	texts bool            // there is a text
	html  bool            // there is one in HTML
}

// known passes over a character set that the library does not know: it is read here.
func (r *reader) known(e *message.Entity, err error) error {
	switch {
	case message.IsUnknownEncoding(err):
		return failed(Malformed, "part %d has a transfer encoding that there is not", r.parts)
	case err != nil && (e == nil || !message.IsUnknownCharset(err)):
		return failed(Malformed, "the head of part %d is not well-formed", r.parts)
	}
	return nil
}

func (r *reader) head(h message.Header) (err error) {
	for _, name := range []string{"From", "Reply-To", "To", "Subject", "Date", "Message-Id"} {
		if h.FieldsByKey(name).Len() > 1 {
			return failed(Malformed, "the head has two fields %s", name)
		}
	}
	if h.Get("From") == "" {
		return failed(Malformed, "there is no sender: it is no mail, or its head is not at the beginning")
	}
	for name, into := range map[string]*[]Address{"From": &r.mail.From, "Reply-To": &r.mail.ReplyTo, "To": &r.mail.To} {
		if *into, err = addresses(name, h.Get(name)); err != nil {
			return err
		}
	}
	if r.mail.Subject, err = words(h.Get("Subject")); err != nil {
		return err
	}
	r.mail.MessageID = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(h.Get("Message-Id")), "<"), ">")
	if !utf8.ValidString(r.mail.MessageID) {
		return failed(Charset, "the message ID is not UTF-8")
	}
	if date := h.Get("Date"); date != "" {
		if r.mail.Date, err = netmail.ParseDate(date); err != nil {
			return failed(Malformed, "the date in the head is not well-formed")
		}
	}
	return nil
}

// headWords decodes what is encoded in heads.
var headWords = mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text, err := utf(b, name)
	return strings.NewReader(text), err
}}

func words(s string) (string, error) {
	out, err := headWords.DecodeHeader(s)
	if err != nil || !utf8.ValidString(out) || strings.ContainsRune(out, utf8.RuneError) && !strings.ContainsRune(s, utf8.RuneError) {
		return "", failed(Charset, "a field of the head is not valid in its character set")
	}
	return out, nil
}

func addresses(name, list string) (out []Address, err error) {
	if strings.TrimSpace(list) == "" {
		return nil, nil
	}
	p := netmail.AddressParser{WordDecoder: &headWords}
	all, err := p.ParseList(list)
	if err != nil {
		return nil, failed(Malformed, "the addresses of %s in the head are not well-formed", name)
	}
	for _, a := range all {
		if !utf8.ValidString(a.Name + a.Address) {
			return nil, failed(Charset, "the addresses of %s are not UTF-8", name)
		}
		out = append(out, Address{a.Name, a.Address})
	}
	return out, nil
}

// part reads a part with all in it; other says that its text is there in another form already, or will be.
func (r *reader) part(e *message.Entity, depth int, other bool) error {
	r.parts++
	switch {
	case r.parts > maxParts:
		return failed(Malformed, "the mail has more than %d parts", maxParts)
	case depth > r.depth:
		return failed(Deep, "the mail has parts within parts deeper than %d", r.depth)
	}
	typ, params, err := e.Header.ContentType()
	if err != nil {
		return failed(Malformed, "the content type of part %d is not well-formed", r.parts)
	}
	typ = strings.ToLower(typ)
	if m := e.MultipartReader(); m != nil && typ != "multipart/encrypted" {
		return r.all(m, depth, other || typ == "multipart/alternative")
	}
	if typ == "multipart/encrypted" || typ == "application/pkcs7-mime" || typ == "application/x-pkcs7-mime" {
		return failed(Encrypted, "part %d is encrypted, or signed so that it cannot be read: have it sent without", r.parts)
	}
	name, attached, err := nameOf(e.Header, params)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(e.Body)
	if err != nil {
		return failed(Malformed, "part %d is cut short, or not well-formed in its transfer encoding", r.parts)
	}
	if name == "" && !attached {
		switch typ {
		case "text/plain":
			return r.text(content, params)
		case "text/html":
			if r.html = true; other {
				return nil
			}
		}
	}
	if name == "" {
		name = fmt.Sprintf("part-%d%s", r.parts, ending[typ])
	}
	r.mail.Files = append(r.mail.Files, File{r.unique(name), typ, content})
	return nil
}

// ending of the names of parts that have none.
var ending = map[string]string{"text/plain": ".txt", "text/html": ".html", "message/rfc822": ".eml", "application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}

func (r *reader) all(m message.MultipartReader, depth int, other bool) error {
	for n := 0; ; n++ {
		e, err := m.NextPart()
		if err == io.EOF && n > 0 { // wrapped it says that the last boundary is missing
			return nil
		}
		if err != nil && e == nil {
			return failed(Malformed, "the mail ends within its parts, or has none")
		}
		if err = r.known(e, err); err == nil {
			err = r.part(e, depth+1, other)
		}
		if err != nil {
			return err
		}
	}
}

// text adds a text of the form; of several, such as with a footer of a list, all lines are.
func (r *reader) text(content []byte, params map[string]string) error {
	text, err := utf(content, params["charset"])
	if err != nil {
		return err
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.EqualFold(params["format"], "flowed") {
		text = unflowed(text, strings.EqualFold(params["delsp"], "yes"))
	}
	if r.texts && !strings.HasSuffix(r.mail.Text, "\n") {
		r.mail.Text += "\n"
	}
	r.mail.Text, r.texts = r.mail.Text+text, true
	return nil
}

// utf converts a text from its character set, strictly; without a name it is ASCII or UTF-8.
func utf(b []byte, name string) (string, error) {
	if name == "" {
		name = "utf-8"
	}
	c, ok := charset.Lookup(name)
	if !ok {
		return "", failed(Charset, "a character set of the mail is not known")
	}
	s, _, ok := c.DecodeString(b)
	if !ok || !utf8.ValidString(s) {
		return "", failed(Charset, "a text of the mail is not valid in its character set")
	}
	return s, nil
}

// unflowed joins lines that a mail program has broken (RFC 3676).
func unflowed(text string, delete bool) string {
	var out strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimPrefix(line, " ")
		soft := strings.HasSuffix(line, " ") && line != "-- "
		if soft && delete {
			line = line[:len(line)-1]
		}
		if out.WriteString(line); !soft {
			out.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// nameOf is the name of a part's file; attached: it is one, whatever its name.
func nameOf(h message.Header, params map[string]string) (name string, attached bool, err error) {
	if said := h.Get("Content-Disposition"); said != "" {
		disposition, more, err := mime.ParseMediaType(said)
		if err != nil {
			return "", false, failed(Malformed, "the disposition of a part is not well-formed")
		}
		attached, name = strings.EqualFold(disposition, "attachment"), more["filename"]
	}
	if name == "" {
		name = params["name"]
	}
	if name, err = words(name); err != nil {
		return "", false, err
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, name)
	if name = strings.TrimSpace(name); strings.Trim(name, "./") == "" {
		name = ""
	}
	return name, attached, nil
}

// unique tells files of one name apart.
func (r *reader) unique(name string) string {
	stem, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	for n := 2; r.names[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
	r.names[strings.ToLower(name)] = true
	return name
}
