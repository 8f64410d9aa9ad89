package sqldb

import (
	"context"
	"slices"

	"github.com/inbasket/inbasket/connectors"
)

// A server has few words for what its triggers, types and functions do: a refusal of one row may look like a fault of the
// system. Whose it is shows when the rows go apart: what it refuses alone, while it takes others of the same writes, is
// that submission's.

// parting is one group on its way, and what became of its items so far.
type parting struct {
	t     *Target
	k     *known
	alone []lone
	wrote map[*connectors.Shape]bool // writes of which the system took some
}

// lone is an item that was refused alone as if the system were at fault.
type lone struct {
	item *item
	err  *connectors.Error
}

// mostAlone is how many items are tried alone before the system is taken to be at fault for all, as long as it takes none.
const mostAlone = 3

// divide writes items, splitting them where not all need be refused. It returns the error that makes going on pointless;
// then every item has an outcome too.
func (p *parting) divide(ctx context.Context, items []*item) *connectors.Error {
	for len(items) > 0 {
		v := p.t.once(ctx, p.k, items)
		if v == nil {
			p.written(items)
			return nil
		}
		if v.err.Class != connectors.ItemError && !v.maybeRow {
			for _, it := range items {
				it.fail(v.err)
			}
			return v.err
		}
		if len(items) == 1 {
			return p.refused(items[0], v)
		}
		if v.item >= 0 {
			halt := p.refused(items[v.item], v)
			items = append(append([]*item{}, items[:v.item]...), items[v.item+1:]...)
			if halt != nil {
				untried(items, halt)
				return halt
			}
			continue
		}
		mid := len(items) / 2
		if halt := p.divide(ctx, items[:mid]); halt != nil {
			untried(items[mid:], halt)
			return halt
		}
		items = items[mid:]
	}
	return nil
}

func (p *parting) written(items []*item) {
	for _, it := range items {
		if it.before {
			continue
		}
		for _, s := range shapesOf(it.delivery) {
			p.wrote[s] = true
		}
	}
}

// refused takes in that one item is refused. The error is that of the system, when it has refused enough and taken nothing.
func (p *parting) refused(it *item, r *refusal) *connectors.Error {
	err := *r.err
	if r.maybeRow {
		err.Hint = wordsWith(it)
		p.alone = append(p.alone, lone{it, &err})
	}
	it.fail(&err)
	if len(p.alone) < mostAlone || len(p.wrote) > 0 {
		return nil
	}
	return &err
}

// judge says whose fault it is that items were refused alone. The error is that of the system, if it took nothing at all.
func (p *parting) judge() (halt *connectors.Error) {
	for _, l := range p.alone {
		if slices.ContainsFunc(shapesOf(l.item.delivery), func(s *connectors.Shape) bool { return !p.wrote[s] }) {
			halt = l.err
			continue
		}
		err := *l.err
		err.Class, err.Hint = connectors.ItemError, "the system takes others of the same writes and refuses this one: mend its data, the mapping, or what the table does with it; "+l.err.Hint
		l.item.fail(&err)
	}
	if len(p.wrote) > 0 {
		return nil
	}
	return halt
}

// wordsWith says where the system's own words are.
func wordsWith(it *item) string {
	return "the system's own words are with the submission: inbasket show " + it.delivery.Submission + " --raw"
}
