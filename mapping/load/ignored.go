package load

import (
	"cmp"
	"errors"
	"strings"

	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// readable refuses settings by which no form could be read.
func (b *builder) readable() {
	in := &b.spec.Input
	f := decode.FormatNamed(in.Format)
	section := b.file.Root().Below("input")
	if _, there := section.Get(f.Name); !there && f.Needs != "" {
		b.report(b.file.Problem(source.CodeMissingKey, f.Needs, f.Example, "input", "format"))
		return
	}
	if _, there := section.Get("fixed"); there {
		for i, f := range in.Fixed.Fields {
			b.choice([]any{"input", "fixed", "fields", i, "type"}, f.Type, []string{"text", "number"})
		}
		if len(in.Fixed.Fields) == 0 || in.Fixed.Length < 0 || in.Fixed.Skip < 0 || in.Fixed.SkipEnd < 0 {
			b.report(b.file.Problem(expr.CodeValue, "a fixed-width form has fields, and lengths that are not negative", "", "input", "fixed"))
			return
		}
	}
	_, err := decode.Decode(in.Format, nil, b.plan.Options)
	var e *decode.Error
	if errors.As(err, &e) && (e.Code == decode.CodeFormat || e.Code == decode.CodeCharset) && f.Name != "" {
		at := in.Format
		if in.Charset != "" {
			at = "charset"
		}
		at = cmp.Or(strings.TrimPrefix(e.Pointer, "/"), at)
		b.report(b.file.Problem(expr.CodeValue, "no form can be read like this: "+e.Message, "", "input", at))
	}
}

// ignored refuses settings that would do nothing: who writes one believes that it does.
func (b *builder) ignored() {
	in := &b.spec.Input
	format := decode.FormatNamed(in.Format)
	for _, key := range []string{"csv", "fixed", "forms", "lists", "charset", "limits.depth", "limits.binary"} {
		path := []any{"input"}
		for _, step := range strings.Split(key, ".") {
			path = append(path, step)
		}
		at := b.file.Root().Below(path[:len(path)-1]...)
		n, there := at.Get(path[len(path)-1].(string))
		if !there || in.Format == "" || format.Reads(key) || key == "lists" && b.mayRepeat() || n.Kind == diag.List && len(n.Items) == 0 {
			continue
		}
		formats := decode.Names(func(f decode.Format) bool { return f.Reads(key) })
		b.report(b.file.KeyProblem(expr.CodeValue, "this does nothing for a form in "+in.Format+"; it belongs to "+strings.Join(formats, ", "), "remove it", path...))
	}
	for key, n := range map[string]int64{"bytes": in.Limits.Bytes, "depth": int64(in.Limits.Depth), "nodes": int64(in.Limits.Nodes), "text": int64(in.Limits.Text), "binary": in.Limits.Binary,
		"work": int64(in.Limits.Work), "made": in.Limits.Made, "records": int64(in.Limits.Records)} {
		if n < 0 {
			b.report(b.file.Problem(expr.CodeValue, "a limit is a number from 1", "", "input", "limits", key))
		}
	}
	for _, l := range b.spec.Lookups {
		if n := l.Value.Node; n != nil && l.Value.File == "" && (l.Value.CSV != nil || l.Value.Key != "" || l.Value.Value != "") {
			b.report(n.Problem(expr.CodeValue, "key, value and csv belong to a lookup with a file", "remove them"))
		}
	}
	for _, w := range b.spec.Write {
		b.ignoredInWrite(w)
	}
	b.unmappableNowhere()
}

func (b *builder) ignoredInWrite(w source.Write) {
	if w.Node == nil {
		return
	}
	if len(w.Key) > 0 && w.Table == "" {
		b.report(w.Node.KeyProblem("key", expr.CodeValue, "key belongs to a table", "remove it"))
	}
	if len(w.Each) > 0 && w.Document != "" {
		b.report(w.Node.KeyProblem("each", expr.CodeValue, "a document write puts every attachment once; each does nothing for it", "remove it"))
	}
	for _, f := range w.Fields {
		if n := f.Value.Node; n != nil && f.Value.Overflow == "cut" && column.Pattern.MatchString(f.Value.Type) && !cuts(f.Value.Type) || n != nil && f.Value.Overflow == "cut" && f.Value.Type == "" {
			b.report(n.KeyProblem("overflow", expr.CodeValue, "overflow: cut needs a length to cut to", "write type: text(40), or say it in the layout"))
		}
	}
}

// cuts tells whether a type has a length that a text can be cut to.
func cuts(typ string) bool {
	m := column.Pattern.FindStringSubmatch(typ)
	return m != nil && m[1] == "text" && m[2] != ""
}
