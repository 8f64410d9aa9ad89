package answers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Untold says that a name of the answer section holds something that cannot be told, such as a list: it is not empty.
// What else the decision says is in its Reading.
type Untold struct {
	Key  string // of the answer section
	Name string // the column or field
	Kind value.Kind
}

// Error names both, which are the mapping's own words.
func (e *Untold) Error() string {
	holds := "is no single value but of the kind " + value.KindName(e.Kind)
	if e.Kind == value.KindText {
		holds = "has a control character (1F)"
	}
	return fmt.Sprintf("answer.%s reads %s, which %s", e.Key, e.Name, holds)
}

// Unwrap makes it an ErrAnswer.
func (e *Untold) Unwrap() error { return ErrAnswer }

// nothing tells whether a value is not there, or holds nothing: what else cannot be told must not count as empty.
func nothing(v value.Value) bool {
	switch x := v.Any.(type) {
	case map[string]any:
		return len(x) == 0
	case *connectors.Blob:
		return x == nil || x.Size == 0
	}
	s, ok := v.Text()
	return v.Absent() || ok && strings.TrimSpace(s) == "" || v.Kind == value.KindList && v.Length() == 0
}

// underway is one decision while it is read: a part that cannot be told keeps none of the others from being read.
type underway struct {
	Decision
	a      *Section
	get    func(string) value.Value
	beside *beside // the files beside an answer file; nil: it is a row
	wrong  error   // the first thing that cannot be told
}

func (u *underway) untold(key, name string, v value.Value) {
	u.wrong = cmp.Or(u.wrong, error(&Untold{Key: key, Name: name, Kind: v.Kind}))
}

// same is a value by which two are compared, as Text gives it; false: there is none.
func (u *underway) same(key, name string) (string, bool) {
	v := u.get(name)
	s, ok := Text(v)
	if !ok && !nothing(v) {
		u.untold(key, name, v)
	}
	return s, ok
}

// word is a value as its source spells it, without blanks that a CHAR column adds; empty where there is none.
func (u *underway) word(key, name string) string {
	v := u.get(name)
	s, ok := v.Text()
	if !ok && !nothing(v) {
		u.untold(key, name, v)
	}
	return strings.TrimSpace(s)
}

// reading makes a decision of what get gives. beside are the files beside an answer file; nil: it is a row.
func (a *Section) reading(d Decision, beside *beside, get func(string) value.Value) Reading {
	u := &underway{Decision: d, a: a, get: get, beside: beside}
	u.identity()
	for _, n := range a.Reads() {
		if n.Name != "" && get(n.Name).Kind == value.KindMissing {
			return Reading{Decision: u.Decision, Err: &MissingName{Key: n.Key, Name: n.Name, File: beside != nil}}
		}
	}
	parts := make([]string, 0, len(a.Match))
	for _, m := range a.Match {
		if s, ok := u.same("match", m.Name); ok {
			parts = append(parts, m.Name+"="+s)
		}
	}
	if len(parts) == len(a.Match) { // else it fits no submission by itself
		u.MatchKey = strings.Join(parts, Separator)
	}
	u.Status, _ = u.same("outcome", a.Status)
	u.CaseNumber, u.Reason = u.word("case", a.Case), u.word("reason", a.Reason)
	absent := u.documents()
	outcome, known := a.Outcomes[u.Status]
	known = known && u.Status != ""
	if known {
		u.Outcome = outcome
	}
	one := Reading{Decision: u.Decision, Err: u.wrong}
	switch {
	case absent != nil && u.wrong != nil:
		one.Err = errors.Join(absent, u.wrong)
	case absent != nil:
		one.Err = absent
	case u.wrong == nil && !known:
		one.Err = &UnknownStatus{u.Status}
	}
	return one
}

// identity names the decision of an answer file by its fields. Among many, none goes by its place in the file.
func (u *underway) identity() {
	if u.beside == nil {
		return
	}
	var parts []string
	for _, n := range u.a.ID {
		s, ok := u.same("id", n)
		if !ok && u.a.Each != nil {
			u.wrong = cmp.Or(u.wrong, fmt.Errorf("%w: it has no value for %s, which names it", ErrAnswer, n))
		}
		if !ok {
			return // the file's own identity holds
		}
		parts = append(parts, s)
	}
	if len(parts) > 0 {
		u.ID = strings.Join(parts, Separator)
	}
}

// documents takes documents out of a row's columns, or finds the files that fields name. absent is the first that cannot be had.
func (u *underway) documents() (absent *MissingDocument) {
	for _, doc := range u.a.Documents {
		all := []value.Value{u.get(doc.From)}
		if doc.Named != "" { // one name is one document's
			all = parts(all[0])
		}
		for i, v := range all {
			if missing := u.document(doc, i, v); absent == nil {
				absent = missing
			}
		}
	}
	return absent
}

// parts are the items of a list, or the value.
func parts(v value.Value) (all []value.Value) {
	if v.Kind != value.KindList {
		return []value.Value{v}
	}
	for i := range v.Length() {
		all = append(all, v.Item(i))
	}
	return all
}

// document takes one of a block of the mapping, the i-th of those that it gives.
func (u *underway) document(doc Document, i int, v value.Value) *MissingDocument {
	if v.Absent() {
		return nil
	}
	if doc.Named != "" {
		if names := parts(u.get(doc.Named)); i < len(names) {
			s, _ := names[i].Text()
			doc.Name = strings.TrimSpace(s)
		}
		if doc.Wrong() != "" {
			u.wrong = cmp.Or(u.wrong, fmt.Errorf("%w: answer.documents reads %s, which gives no file name for one of the documents", ErrAnswer, doc.Named))
			return nil
		}
	}
	found := connectors.Attachment{Name: doc.Name, ContentType: typeOf(doc)}
	switch blob, ok := v.Any.(*connectors.Blob); {
	case u.beside != nil:
		s, ok := v.Text()
		if !ok && !nothing(v) {
			u.untold("documents", doc.From, v)
		}
		name := strings.TrimSpace(s)
		if name == "" {
			return nil
		}
		file, missing := u.beside.take(name, cmp.Or(u.MatchKey, u.ID))
		if missing != nil {
			return missing
		}
		found.Blob = file.Blob
		u.from = append(u.from, file.Name)
	case v.Kind == value.KindText:
		found.Blob = connectors.BytesBlob([]byte(v.Str))
	case ok && blob != nil:
		found.Blob = *blob
	default:
		u.untold("documents", doc.From, v)
		return nil
	}
	u.Documents = append(u.Documents, found)
	return nil
}

// beside are the files beside an answer file, and which cases' decisions have named them.
type beside struct {
	files  []connectors.Attachment
	named  [][]string // by cases
	shared bool       // it is known which files are named by several cases
}

// take finds a file by the name that the office wrote, which may be a path on another machine. A file that decisions about several cases
// name is given to none.
func (b *beside) take(name, by string) (connectors.Attachment, *MissingDocument) {
	base := name[strings.LastIndexAny(name, `/\\`)+1:]
	for _, same := range []func(string) bool{func(s string) bool { return s == base }, func(s string) bool { return strings.EqualFold(s, base) }} {
		for i, f := range b.files {
			if !same(f.Name) {
				continue
			}
			if !slices.Contains(b.named[i], by) {
				b.named[i] = append(b.named[i], by)
			}
			if b.shared && len(b.named[i]) > 1 {
				return f, &MissingDocument{Name: name, Shared: true}
			}
			return f, nil
		}
	}
	return connectors.Attachment{}, &MissingDocument{Name: name}
}

// left are the files that no decision named.
func (b *beside) left() (list []connectors.Attachment) {
	for i, f := range b.files {
		if len(b.named[i]) == 0 {
			list = append(list, f)
		}
	}
	return list
}

// share tells whether decisions about several cases name one file, as far as that was not known.
func (b *beside) share() bool {
	news := !b.shared && slices.ContainsFunc(b.named, func(by []string) bool { return len(by) > 1 })
	b.shared = b.shared || news
	return news
}
