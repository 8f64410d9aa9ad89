package decode

import (
	"errors"

	"github.com/inbasket/inbasket/mapping/decode/pdf"
)

// PDF decodes the form fields of a PDF: owner.name is name in owner. A text field gives its text, a choice what is chosen (a list where several may be), a check
// box or radio buttons the name of the state that is on; what has no value is null. Errors are *Error.
func PDF(b []byte, l Limits) (any, error) {
	l = l.orDefault()
	if err := tooLarge(b, l); err != nil {
		return nil, err
	}
	fields, err := pdf.Read(b)
	var e *pdf.Error
	if errors.As(err, &e) {
		code := map[pdf.Kind]string{pdf.Encrypted: CodeEncrypted, pdf.XFA: CodeXFA, pdf.Fields: CodeNoFields}[e.Kind]
		if code == "" {
			code = CodeSyntax
		}
		return nil, &Error{Code: code, Message: e.Text}
	}
	if err != nil {
		return nil, err
	}
	form := map[string]any{}
	d := fieldSetter{limits: l}
	for _, f := range fields {
		text := 0
		list := make([]any, len(f.Values))
		for i, s := range f.Values {
			list[i], text = nfc(s), max(text, len(s))
		}
		var value any
		switch {
		case f.List:
			value = list
		case len(list) > 0:
			value = list[0]
		}
		if d.nodes += len(list); text > l.Text {
			return nil, d.within(text)
		}
		if err := d.set(form, nfc(f.Name), value, true); err != nil {
			return nil, err
		}
	}
	return form, nil
}
