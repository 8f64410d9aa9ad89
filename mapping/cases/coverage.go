package cases

import (
	"io/fs"
	slashpath "path"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Coverage says which ways through a mapping its cases take, and which none does.
type Coverage struct {
	Places  int             `json:"places"`
	Reached int             `json:"reached"`
	Missing []mapping.Place `json:"missing,omitempty"`
}

// AtLeast tells whether so many of a hundred places are reached.
func (c Coverage) AtLeast(percent int) bool { return c.Reached*100 >= percent*c.Places }

// Percent is how many of a hundred places are reached, rounded down.
func (c Coverage) Percent() int {
	if c.Places == 0 {
		return 100
	}
	return c.Reached * 100 / c.Places
}

// Cover runs the cases once more and finds which fields that the mapping reads, which writes, conditions and outcomes of lookups no case
// reaches. Of a form that is rejected or parked the fields count, and what was asked on the way, but no record.
func Cover(p *mapping.Plan, fsys fs.FS) Coverage {
	reached := map[value.Place]bool{}
	for _, t := range p.Cases() {
		raw, err := fs.ReadFile(fsys, slashpath.Clean(t.Form))
		if t.Form == "" || err != nil {
			continue
		}
		if form, err := p.Decode(raw, ""); err == nil {
			fields(reached, mapping.Tree(form), "")
		}
		var made []value.Place
		attached, err := attachments(fsys, t)
		if err != nil {
			continue
		}
		_, _, err = try(p, raw, t, attached, func(at value.Place) {
			if at.Kind == value.PlaceWrite {
				made = append(made, at)
				return
			}
			reached[at] = true
		})
		for _, at := range made {
			reached[at] = reached[at] || err == nil
		}
	}
	c := Coverage{Places: len(p.Places())}
	for _, at := range p.Places() {
		if reached[at.Place] {
			c.Reached++
		} else {
			c.Missing = append(c.Missing, at)
		}
	}
	return c
}

// fields notes what a form has, however it is repeated.
func fields(reached map[value.Place]bool, n any, at string) {
	switch n := n.(type) {
	case map[string]any:
		for name, v := range n {
			fields(reached, v, under(at, name))
		}
	case []any:
		for _, v := range n {
			fields(reached, v, at)
		}
	default:
		reached[value.Place{Kind: value.PlaceField, Name: under(at, "#text")}] = true // of an element that has nothing else
	}
	reached[value.Place{Kind: value.PlaceField, Name: at}] = true
}

func under(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }
