package mapping

import (
	"errors"
	"slices"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
)

// fixedSpec says how a fixed-width form is written.
type fixedSpec struct {
	Charset string           `yaml:"charset" doc:"default utf-8; widths count bytes in it"`
	Length  int              `yaml:"length" doc:"bytes of a record where no line end divides them; default lines"`
	Skip    int              `yaml:"skip" doc:"header records that are passed over"`
	SkipEnd int              `yaml:"skip-end" doc:"trailer records that are passed over"`
	Fields  []fixedFieldSpec `yaml:"fields,required" doc:"the fields of a record in order"`
	Single  bool             `yaml:"single" doc:"the form is one record"`
}

type fixedFieldSpec struct {
	Name     string `yaml:"name,required" doc:"name of the field in the form"`
	At       int    `yaml:"at" doc:"first byte, from 1; default after the field before"`
	Width    int    `yaml:"width,required" doc:"bytes"`
	Type     string `yaml:"type" doc:"text (default) or number" enum:"text,number"`
	Decimals int    `yaml:"decimals" doc:"number: digits after an implied point"`
	Keep     bool   `yaml:"keep" doc:"text: keep the blanks around it"`
}

func (s *fixedSpec) options() decode.FixedOptions {
	o := decode.FixedOptions{Charset: s.Charset, Length: s.Length, Skip: s.Skip, SkipEnd: s.SkipEnd, Single: s.Single}
	for _, f := range s.Fields {
		o.Fields = append(o.Fields, decode.FixedField{Name: f.Name, At: f.At, Width: f.Width, Type: f.Type, Decimals: f.Decimals, Keep: f.Keep})
	}
	return o
}

// readable refuses settings by which no form could be read.
func (b *builder) readable() {
	in := &b.spec.Input
	if in.Format == "fixed" && in.Fixed == nil {
		b.report(b.file.Problem(CodeMissingKey, "a fixed-width form needs its fields", "write input: {fixed: {fields: [{name: NAME, width: 10}]}}", "input", "format"))
		return
	}
	if in.Fixed != nil {
		for i, f := range in.Fixed.Fields {
			b.choice([]any{"input", "fixed", "fields", i, "type"}, f.Type, []string{"text", "number"})
		}
		if len(in.Fixed.Fields) == 0 || in.Fixed.Length < 0 || in.Fixed.Skip < 0 || in.Fixed.SkipEnd < 0 {
			b.report(b.file.Problem(expr.CodeValue, "a fixed-width form has fields, and lengths that are not negative", "", "input", "fixed"))
			return
		}
	}
	_, err := decode.Decode(in.Format, nil, b.plan.options)
	var e *decode.Error
	if errors.As(err, &e) && (e.Code == decode.CodeFormat || e.Code == decode.CodeCharset) && in.Format != "" && slices.Contains(decode.Formats(), in.Format) {
		b.report(b.file.Problem(expr.CodeValue, "no form can be read like this: "+e.Message, "", "input", in.Format))
	}
}

// ignored refuses settings that would do nothing: who writes one believes that it does.
func (b *builder) ignored() {
	in := &b.spec.Input
	belongs := func(given bool, formats []string, path ...any) {
		if given && in.Format != "" && !slices.Contains(formats, in.Format) {
			b.report(b.file.KeyProblem(expr.CodeValue, "this does nothing for a form in "+in.Format+"; it belongs to "+listWords(formats), "remove it", path...))
		}
	}
	belongs(in.CSV != nil, []string{"csv"}, "input", "csv")
	belongs(in.Fixed != nil, []string{"fixed"}, "input", "fixed")
	belongs(len(in.Lists) > 0, []string{"xml", "urlencoded"}, "input", "lists")
	belongs(in.Limits.Depth > 0, []string{"json", "xml", "urlencoded"}, "input", "limits", "depth")
	for key, n := range map[string]int64{"bytes": in.Limits.Bytes, "depth": int64(in.Limits.Depth), "nodes": int64(in.Limits.Nodes), "text": int64(in.Limits.Text),
		"work": int64(in.Limits.Work), "made": in.Limits.Made, "records": int64(in.Limits.Records)} {
		if n < 0 {
			b.report(b.file.Problem(expr.CodeValue, "a limit is a number from 1", "", "input", "limits", key))
		}
	}
	for _, l := range b.spec.Lookups {
		if n := l.Value.node; n != nil && l.Value.File == "" && (l.Value.CSV != nil || l.Value.Key != "" || l.Value.Value != "") {
			b.report(n.Problem(expr.CodeValue, "key, value and csv belong to a lookup with a file", "remove them"))
		}
	}
	for _, w := range b.spec.Write {
		b.ignoredInWrite(w)
	}
	b.ignoredInAnswer()
}

func (b *builder) ignoredInWrite(w writeSpec) {
	if w.node == nil {
		return
	}
	if len(w.Key) > 0 && w.Table == "" && w.Procedure == "" {
		b.report(w.node.KeyProblem("key", expr.CodeValue, "key belongs to a table", "remove it"))
	}
	if len(w.Each) > 0 && w.Document != "" {
		b.report(w.node.KeyProblem("each", expr.CodeValue, "a document write puts every attachment once; each does nothing for it", "remove it"))
	}
	for _, f := range w.Fields {
		if n := f.Value.node; n != nil && f.Value.Overflow == "cut" && expr.TypePattern.MatchString(f.Value.Type) && !cuts(f.Value.Type) || n != nil && f.Value.Overflow == "cut" && f.Value.Type == "" {
			b.report(n.KeyProblem("overflow", expr.CodeValue, "overflow: cut needs a length to cut to", "write type: text(40), or say it in the layout"))
		}
	}
}

// cuts tells whether a type has a length that a text can be cut to.
func cuts(typ string) bool {
	m := expr.TypePattern.FindStringSubmatch(typ)
	return m != nil && m[1] == "text" && m[2] != ""
}

func (b *builder) ignoredInAnswer() {
	s := b.spec.Answer
	if s == nil || s.node == nil {
		return
	}
	files := s.File != "" || s.Format != "" || len(s.Fields) > 0
	report := func(given bool, key, message string) {
		if given {
			b.report(s.node.KeyProblem(key, CodeAnswer, message, "remove it"))
		}
	}
	report(s.CSV != nil && s.Format != "csv", "csv", "csv belongs to answer files in csv")
	report(len(s.Lists) > 0 && s.Format != "xml", "lists", "lists belong to answer files in xml")
	report(files && s.Every != 0, "every", "every belongs to a database; how often a folder is looked at stands in the configuration")
	if s.Format == "csv" && s.CSV != nil {
		_, err := decode.CSV(nil, s.CSV.options(), decode.Limits{})
		var e *decode.Error
		if errors.As(err, &e) && (e.Code == decode.CodeFormat || e.Code == decode.CodeCharset) {
			b.report(valueProblem(s.node, "csv", CodeAnswer, "no answer file can be read like this: "+e.Message))
		}
	}
}
