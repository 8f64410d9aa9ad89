// Package shape turns what form builders send into plain trees: the answers by the names that the form gave them under "answers",
// and everything else that was sent under "meta", by its own name. Nothing is left out: what a shape does not understand is an error.
//
// Trees are those of package decode. The tree that was sent is not changed.
package shape

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The members of a plain tree.
const (
	Answers = "answers"
	Meta    = "meta"
)

// CodeShape is the code of a form that a shape does not understand; stable and documented.
const CodeShape = "form.shape" // the form is not what input.shape names, or has a part that it does not understand; name the shape that the sender uses, or drop input.shape and map the form as it is sent

// Shape is a way in which a form builder writes its forms.
type Shape struct {
	Name   string
	Format string   // that its forms are in
	Lists  bool     // it makes lists of what is declared to repeat; of others that is done before
	Same   string   // what of it stays as it was when a form is sent again; empty: all
	Told   []string // members by which a form that was sent so is told from others

	plain func(w *walk, sent map[string]any) (answers map[string]any, rest []string)
}

// shapes in the order in which they are told.
var shapes = []Shape{
	{Name: "form.io", Format: "json", Told: []string{"data", "state", "metadata"}, plain: formIO},
	{Name: "gov.uk-forms", Format: "json", Told: []string{"submission_reference", "answers"}, plain: govUK},
	{Name: "odk", Format: "xml", Told: []string{"meta"}, plain: odk},
	{Name: "open-forms", Format: "json", Same: "form.answers", Told: []string{"values", "values_schema", "metadata"}, plain: openForms},
	{Name: "fhir-questionnaire-response", Format: "json", Lists: true, Told: []string{"resourceType"}, plain: fhir},
}

// Names are those of all shapes.
func Names() (names []string) {
	for _, s := range shapes {
		names = append(names, s.Name)
	}
	return names
}

// Named returns the shape of a name; nil: there is none.
func Named(name string) *Shape {
	if i := slices.IndexFunc(shapes, func(s Shape) bool { return s.Name == name }); i >= 0 {
		return &shapes[i]
	}
	return nil
}

// Of returns the shape that a form was sent in; nil: it is like none, or has a part that is not understood.
func Of(format string, sent any) *Shape {
	root, ok := sent.(map[string]any)
	i := slices.IndexFunc(shapes, func(s Shape) bool {
		if !ok || s.Format != format || slices.ContainsFunc(s.Told, func(name string) bool { _, has := root[name]; return !has }) {
			return false
		}
		_, err := s.Plain(sent, nil)
		return err == nil
	})
	if i < 0 {
		return nil
	}
	return &shapes[i]
}

// Error says what of a form is not understood.
type Error struct {
	Pointer string // JSON Pointer into what was sent
	Message string // a sentence without content
}

// Error returns place and message.
func (e *Error) Error() string { return strings.TrimSpace(e.Pointer + " " + e.Message) }

// Plain makes the plain tree of what was sent; lists are the dotted paths in it of what may repeat. Errors are *Error.
func (s *Shape) Plain(sent any, lists []string) (plain any, err error) {
	if plain, err = s.walk(sent, &walk{lists: lists}); err != nil { // once more, with its place
		_, err = s.walk(sent, &walk{lists: lists, told: true})
	}
	return plain, err
}

// Sent tells of places in a plain tree where they are in what was sent. What is missing is named below what would hold it.
func (s *Shape) Sent(sent any, lists []string) func(pointer string) string {
	w := &walk{lists: lists, told: true, places: map[string]string{"": "", "/" + Meta: ""}}
	_, err := s.walk(sent, w)
	return func(pointer string) string {
		head := pointer
		for err == nil {
			if at, moved := w.places[head]; moved {
				return at + pointer[len(head):]
			}
			head = head[:strings.LastIndexByte(head, '/')]
		}
		return ""
	}
}

// Decoded are the lists that must be declared where the form is decoded, by what a mapping calls them.
func Decoded(lists []string) (names []string) {
	for _, name := range lists {
		if below, ok := strings.CutPrefix(strings.TrimPrefix(name, "form."), Answers+"."); ok {
			names = append(names, below)
		}
	}
	return names
}

// walk makes one plain tree.
type walk struct {
	lists  []string
	told   bool              // places are wanted
	places map[string]string // from the plain tree to what was sent, of all that was moved; nil: only that of an error is wanted
	meta   map[string]any
	err    error // the first
}

func (s *Shape) walk(sent any, w *walk) (any, error) {
	root, ok := sent.(map[string]any)
	if !ok {
		return nil, &Error{Message: "the form is not one submission, which is an object"}
	}
	w.meta = map[string]any{}
	answers, taken := s.plain(w, root)
	for _, name := range slices.Sorted(maps.Keys(root)) {
		if !slices.Contains(taken, name) {
			w.aside(name, root[name], w.at("", name))
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return map[string]any{Answers: answers, Meta: w.meta}, nil
}

// refuse keeps the first thing that is not understood.
func (w *walk) refuse(at, format string, args ...any) {
	if w.err == nil {
		w.err = &Error{Pointer: at, Message: fmt.Sprintf(format, args...)}
	}
}

// aside puts what is no answer under meta.
func (w *walk) aside(name string, v any, at string) {
	if _, taken := w.meta[name]; taken {
		w.refuse(at, "two things that are no answers have the same name")
	}
	w.meta[name] = v
	w.moved(w.at("/"+Meta, name), at)
}

// moved remembers where something was sent.
func (w *walk) moved(plain, sent string) {
	if w.places != nil {
		w.places[plain] = sent
	}
}

// maxPointer bounds a pointer, which holds names that a sender chose.
const maxPointer = 1024

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// at is the place of a member or an item; "" where nobody wants to know.
func (w *walk) at(of string, step any) string {
	if !w.told || len(of) > maxPointer {
		return of
	}
	name, ok := step.(string)
	if i, is := step.(int); is && !ok {
		name = strconv.Itoa(i)
	}
	return of + "/" + escape.Replace(name)
}

// text returns a member that is a text with something in it, or refuses what holds it.
func (w *walk) text(m map[string]any, name, at string) string {
	s, _ := m[name].(string)
	if s == "" {
		w.refuse(at, "%s is missing, or is no text", name)
	}
	return s
}
