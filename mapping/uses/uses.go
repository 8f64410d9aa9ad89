// Package uses knows which fields of its forms a mapping uses, and so which ones it forgets: before a form comes among those that a schema or
// samples have, and of a form those that nothing is made of.
package uses

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
)

// Fields are the fields of a mapping's forms, as ways of names without indexes: the items of a list have the fields of all of them.
type Fields struct{ root field }

type field struct {
	used    bool // it is used itself
	whole   bool // and with all that is below it
	ignored bool // it is left out on purpose, with all that is below it
	below   map[string]*field
}

// at is the field at the end of a way, which is made where it is not there.
func (f *Fields) at(way []string) *field {
	now := &f.root
	for _, name := range way {
		next := now.below[name]
		if next == nil {
			if next = new(field); now.below == nil {
				now.below = map[string]*field{}
			}
			now.below[name] = next
		}
		now = next
	}
	return now
}

// Use says that a field is used; whole: with everything below it.
func (f *Fields) Use(way []string, whole bool) {
	at := f.at(way)
	at.used, at.whole = true, at.whole || whole
}

// Ignore says that a field and everything below it is left out on purpose.
func (f *Fields) Ignore(way []string) { f.at(way).ignored = true }

// Allow says that a field may come, and be left out.
func (f *Fields) Allow(way []string) { f.at(way) }

// Cover tells whether a field is used or ignored: itself, with what is above it, or something below it.
func (f *Fields) Cover(way []string) bool { return f.covered(way, nil) }

// covered is Cover without what one of the fields ignores.
func (f *Fields) covered(way []string, without *field) bool {
	now := &f.root
	for i := 0; ; i++ {
		switch {
		case now.whole, now.ignored && now != without:
			return true
		case i == len(way):
			return now.used || now.deeper()
		}
		if now = now.below[way[i]]; now == nil {
			return false
		}
	}
}

// deeper tells whether something below the field is used or ignored.
func (f *field) deeper() bool {
	for _, b := range f.below {
		if b.used || b.ignored || b.deeper() {
			return true
		}
	}
	return false
}

// Hidden are those of some fields that are forgotten if an ignored one is, though others below it are used; none where it is not used at all.
func (f *Fields) Hidden(ignored []string, known [][]string) (hidden [][]string) {
	at := f.at(ignored)
	if !at.deeper() {
		return nil
	}
	for _, way := range known {
		if len(way) > len(ignored) && slices.Equal(way[:len(ignored)], ignored) && !f.covered(way, at) {
			hidden = append(hidden, way)
		}
	}
	return hidden
}

// shown bounds how many fields of one form are named.
const shown = 20

// Unknown names the fields of a form that are neither used, ignored nor allowed, sorted. What is empty loses nothing, and is not named.
func (f *Fields) Unknown(form any) []string {
	u := unknown{names: map[string]bool{}}
	u.walk(&f.root, form)
	if len(u.names) == 0 {
		return nil
	}
	all := slices.Sorted(maps.Keys(u.names))
	if more := len(all) - shown; more > 0 {
		all = append(all[:shown], fmt.Sprintf("and %d more", more))
	}
	return all
}

type unknown struct {
	names map[string]bool
	way   []string
}

func (u *unknown) walk(at *field, n any) {
	if at.whole || at.ignored {
		return
	}
	switch n := n.(type) {
	case []any:
		for _, item := range n {
			u.walk(at, item)
		}
	case map[string]any:
		for name, v := range n {
			u.way = append(u.way, name)
			switch below := at.below[name]; {
			case below != nil:
				u.walk(below, v)
			case !empty(v):
				u.names[Shown(u.way)] = true
			}
			u.way = u.way[:len(u.way)-1]
		}
	}
}

// empty tells whether nothing is lost with a value.
func empty(n any) bool {
	switch n := n.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(n) == ""
	case []any:
		return !slices.ContainsFunc(n, func(v any) bool { return !empty(v) })
	case map[string]any:
		for _, v := range n {
			if !empty(v) {
				return false
			}
		}
		return true
	}
	return false
}

// fieldName is what looks like a field's name, or like the number of a question. What a hostile or broken sender makes up is not repeated.
var fieldName = regexp.MustCompile(`^([\pL_@$#][\pL\pM\pN_.:@$#-]{0,63}|[0-9.]{1,12})$`)

// Shown writes a way that a form has as an expression; names that do not look like a field's are left out.
func Shown(way []string) string {
	safe := slices.Clone(way)
	for i, name := range safe {
		safe[i] = ShownName(name)
	}
	return Text(safe)
}

// ShownName is a name of a field that nobody knows, if it looks like one.
func ShownName(name string) string {
	if !fieldName.MatchString(name) {
		return "…"
	}
	return name
}

// Know tells whether the mapping itself, or its schema, has the names of a way. Of what is used as a whole it does not have those within.
func (f *Fields) Know(way []string) bool {
	if f == nil {
		return false
	}
	now := &f.root
	for _, name := range way {
		if now = now.below[name]; now == nil {
			return false
		}
	}
	return true
}

// Text writes a way as an expression.
func Text(way []string) string {
	out := "form"
	for _, name := range way {
		if expr.WordPattern.MatchString(name) {
			out += "." + name
		} else {
			out += fmt.Sprintf("[%q]", name)
		}
	}
	return out
}

// Of are the ways to the values of a form, sorted; without indexes.
func Of(form any) [][]string {
	found := map[string][]string{}
	var walk func(n any, way []string)
	walk = func(n any, way []string) {
		switch n := n.(type) {
		case map[string]any:
			for name, v := range n {
				walk(v, append(slices.Clip(way), name))
			}
		case []any:
			for _, v := range n {
				walk(v, way)
			}
		default:
			found[strings.Join(way, "\x00")] = way
		}
	}
	walk(form, nil)
	delete(found, "")
	return slices.SortedFunc(maps.Values(found), slices.Compare[[]string])
}
