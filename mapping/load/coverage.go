package load

import (
	"cmp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// places lists the ways that forms may go through the mapping: which fields they have, which conditions are true, what is found.
func (b *builder) places() {
	add := func(line int, kind value.PlaceKind, name, outcome string) {
		b.plan.Places = append(b.plan.Places, mapping.Place{Place: value.Place{Kind: kind, Name: name, Outcome: outcome}, Line: line})
	}
	for field, line := range b.reads {
		if field != "" && !b.readsBelow(field) {
			add(line, value.PlaceField, field, "")
		}
	}
	for _, w := range b.spec.Write {
		if w.Node == nil {
			continue
		}
		add(w.Node.Line, value.PlaceWrite, w.As, "")
		if w.When != nil && w.When.Node != nil {
			add(w.When.Node.Line, value.PlaceWhen, w.As, "true")
			add(w.When.Node.Line, value.PlaceWhen, w.As, "false")
		}
	}
	for _, l := range b.spec.Lookups {
		t := b.tables[l.Key]
		for _, row := range l.Value.Values {
			add(row.Line, value.PlaceLookup, l.Key, t.Outcome(row.Key))
		}
		if t.File {
			add(l.Line, value.PlaceLookup, l.Key, value.KeyOfFile)
		}
		add(l.Line, value.PlaceLookup, l.Key, value.NoKey)
	}
	slices.SortFunc(b.plan.Places, func(x, y mapping.Place) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Outcome, y.Outcome))
	})
}

// readsBelow tells whether something below a field is read too: then that is what is asked for.
func (b *builder) readsBelow(field string) bool {
	for other := range b.reads {
		if strings.HasPrefix(other, field+".") {
			return true
		}
	}
	return false
}

// expected refuses what a case expects of a column and no column can hold.
func (b *builder) expected() {
	for _, t := range b.spec.Tests {
		for _, records := range t.Expect {
			for _, r := range records.Value {
				for _, f := range r.Pairs {
					if f.Value.Kind != diag.Map && f.Value.Kind != diag.List {
						continue
					}
					if _, wrong := source.MatcherOf(f.Value); wrong != nil {
						b.report(*wrong)
					}
				}
			}
		}
	}
}
