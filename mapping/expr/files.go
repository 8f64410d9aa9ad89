package expr

import (
	"cmp"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// File is a field of the form that holds a file in base64, or a list of them.
type File struct {
	X    Compiled
	Name string // of what has none of its own
}

// The members by which form builders say what a file is; the first that is there counts.
var (
	fileContents = []string{"content", "url", "data"}
	fileNames    = []string{"file_name", "originalName", "name", "title"}
	fileTypes    = []string{"type", "contentType"}
)

// Attachments are those that came with the form, and behind them the files that stand in it.
func (e *Env) Attachments() []connectors.Attachment {
	if e.prog == nil || len(e.prog.Files) == 0 {
		return e.In.Attachments
	}
	if !e.filed {
		e.filed, e.files = true, slices.Clone(e.In.Attachments)
		for _, f := range e.prog.Files {
			e.addFile(f.X.Eval(e), f.Name)
		}
	}
	return e.files
}

// addFile takes a text in base64, an object that has one, or a list of either. Where nothing was sent there is no file.
func (e *Env) addFile(v value.Value, name string) {
	text, typ := v, ""
	switch v.Kind {
	case value.KindList:
		for i := range v.Length() {
			e.addFile(e.Of(v.Item(i), v), name)
		}
		return
	case value.KindObject:
		said := func(names []string) (first value.Value) {
			for _, n := range names {
				if first = v.Member(n); first.Kind == value.KindText && first.Str != "" {
					break
				}
			}
			return first
		}
		name, typ = cmp.Or(said(fileNames).Str, name), said(fileTypes).Str
		if text = said(fileContents); text.Absent() {
			e.FailSort(v, value.CodeNotBinary, "a file in base64 is needed")
			return
		}
	}
	if text.Absent() || text.Kind == value.KindText && text.Str == "" && v.Kind == value.KindText {
		return
	}
	content, media, ok := value.Missing, "", false
	if text.Kind == value.KindText {
		content, media, ok = value.FromBase64(text.Str)
	}
	if !ok {
		text.Src = v.Src
		e.FailReading(text, value.CodeNotBinary, "base64 is needed")
		return
	}
	blob, _ := content.Any.(*connectors.Blob)
	e.files = append(e.files, connectors.Attachment{Name: name, ContentType: cmp.Or(typ, media), Blob: *blob})
}
