package mapping

import (
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/decode/several"
)

// Several tells whether a file has several forms: then Split is to take it apart.
func (p *Plan) Several() bool { return p.parts.Options.Forms != "" }

// Split takes a file of several forms apart. Errors are *decode.Error.
func (p *Plan) Split(file []byte, contentType string) ([]several.Form, error) {
	if err := p.comesAs(contentType); err != nil {
		return nil, err
	}
	return several.Split(p.parts.Format, file, p.parts.Options)
}

// comesAs refuses a content type that says another format than the mapping reads.
func (p *Plan) comesAs(contentType string) error {
	if is := decode.Sniff(contentType, nil); is != "" && is != p.parts.Format && len(decode.FormatNamed(p.parts.Format).Media) > 0 {
		return &decode.Error{Code: decode.CodeFormat, Message: "the form came as " + is + ", the mapping reads " + p.parts.Format}
	}
	return nil
}
