package decode

import (
	"errors"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/decode/mail"
)

// File is a file that a form carries in itself.
type File = mail.File

// Carried are the files that a form of this format carries in itself: they are attachments of its submission. Errors are *Error.
func Carried(format string, b []byte, o Options) ([]File, error) {
	if f := FormatNamed(format); f.carried != nil {
		return f.carried(b, o.Limits.orDefault())
	}
	return nil, nil
}

func readMail(b []byte, l Limits) (*mail.Mail, error) {
	if err := tooLarge(b, l); err != nil {
		return nil, err
	}
	m, err := mail.Read(b, l.Depth)
	var e *mail.Error
	if errors.As(err, &e) {
		code := map[mail.Kind]string{mail.Charset: CodeUTF8, mail.Deep: CodeDepth, mail.HTML: CodeHTML, mail.Encrypted: CodeEncrypted}[e.Kind]
		if code == "" {
			code = CodeSyntax
		}
		return nil, &Error{Code: code, Message: e.Text}
	}
	return m, err
}

// Mail decodes a mail: head has from, replyTo, to, subject, date and messageId, as far as they are there; body the fields of its text, one a line as
// "name: value", where owner.name is name in owner; rest the lines that are none. A field is a list if its path is in lists, or if it repeats. All values are
// texts. Errors are *Error.
func Mail(b []byte, l Limits, lists []string) (any, error) {
	l = l.orDefault()
	m, err := readMail(b, l)
	if err != nil {
		return nil, err
	}
	person := func(a mail.Address) any { return map[string]any{"name": nfc(a.Name), "address": nfc(a.Address)} }
	to := []any{}
	for _, a := range m.To {
		to = append(to, person(a))
	}
	head := map[string]any{"from": person(m.From[0]), "to": to, "subject": nfc(m.Subject)}
	if len(m.ReplyTo) > 0 {
		head["replyTo"] = person(m.ReplyTo[0])
	}
	if m.MessageID != "" {
		head["messageId"] = nfc(m.MessageID)
	}
	if !m.Date.IsZero() {
		head["date"] = m.Date.Format(time.RFC3339)
	}
	d := fieldSetter{lists: listSet(lists), under: "body", limits: l, nodes: 10 + 3*len(to)}
	body, rest := map[string]any{}, []string{}
	for _, line := range mail.Fields(m.Text) {
		if line.Key == "" {
			rest = append(rest, nfc(line.Value))
		} else if err := d.set(body, nfc(line.Key), nfc(line.Value), false); err != nil {
			return nil, err
		}
	}
	form := map[string]any{"head": head, "body": body}
	if len(rest) > 0 {
		form["rest"] = strings.Join(rest, "\n")
	}
	return form, d.within(len(m.Text))
}
