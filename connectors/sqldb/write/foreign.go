package write

import (
	"context"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// shapes are two writes of a delivery.
type shapes struct{ first, second *connectors.Shape }

// parentsFirst sorts deliveries in which rows come before rows that they refer to by a foreign key, which the mapping
// need not know of. What refers to values of another write, writes to the same table, and calls keep their order; so does
// everything in a circle of foreign keys.
func (a *attempt) parentsFirst() {
	if !a.k.Hang() {
		return
	}
	wrong := map[shapes]bool{}
	for _, it := range a.items {
		order := shapesOf(it.delivery)
		sort := false
		for i, first := range order {
			for _, second := range order[i+1:] {
				pair := shapes{first, second}
				is, known := wrong[pair]
				if !known {
					is = a.child(first, second)
					wrong[pair] = is
				}
				sort = sort || is
			}
		}
		if sort {
			it.delivery = a.sorted(it.delivery, order)
		}
	}
}

// shapesOf lists a delivery's shapes in the order of their first records.
func shapesOf(d *connectors.Delivery) []*connectors.Shape {
	var all []*connectors.Shape
	for i := range d.Records {
		if s := d.Records[i].Shape; (len(all) == 0 || all[len(all)-1] != s) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// child tells whether rows of one write may refer to rows of another by a foreign key.
func (a *attempt) child(s, of *connectors.Shape) bool {
	t, p := a.k.Tables[s.Object], a.k.Tables[of.Object]
	return s.Op != connectors.Call && of.Op != connectors.Call && t != nil && p != nil && t.RefersTo(p)
}

// sorted returns the delivery with its records in an order in which each write follows those that it has to.
func (a *attempt) sorted(d *connectors.Delivery, order []*connectors.Shape) *connectors.Delivery {
	bound := func(s, before *connectors.Shape, earlier bool) bool { // by more than a foreign key
		return refersToWrite(d, s, before) || earlier && (s.Object == before.Object || s.Op == connectors.Call || before.Op == connectors.Call)
	}
	free := func(left []*connectors.Shape, foreign bool) int {
		return slices.IndexFunc(left, func(s *connectors.Shape) bool {
			at := slices.Index(left, s)
			return !slices.ContainsFunc(left, func(o *connectors.Shape) bool {
				return o != s && (bound(s, o, slices.Index(left, o) < at) || foreign && a.child(s, o))
			})
		})
	}
	moved := *d
	moved.Records = make([]connectors.Record, 0, len(d.Records))
	for left := slices.Clone(order); len(left) > 0; {
		next := free(left, true)
		if next < 0 {
			next = max(free(left, false), 0) // a circle
		}
		for _, r := range d.Records {
			if r.Shape == left[next] {
				moved.Records = append(moved.Records, r)
			}
		}
		left = slices.Delete(left, next, next+1)
	}
	return &moved
}

// refersToWrite tells whether records of one shape take values that another write returns.
func refersToWrite(d *connectors.Delivery, s, to *connectors.Shape) bool {
	for _, r := range d.Records {
		if r.Shape != s {
			continue
		}
		for _, v := range r.Values {
			if write, _, ok := strings.Cut(v.Str, "."); v.Kind == connectors.Reference && ok && write == to.Write {
				return true
			}
		}
	}
	return false
}

// replacedBelow tells whether a later write replaces children of what this one replaces.
func (a *attempt) replacedBelow(w, later wave) bool {
	p, t := a.k.Tables[w.shape.Object], a.k.Tables[later.shape.Object]
	return w.shape.Op == connectors.ReplaceChildren && later.shape.Op == connectors.ReplaceChildren && p != nil && t != nil && a.k.Below(t, p)
}

// tangled reports deliveries that replace the same children, which have children: all of one must be there before the
// next takes it away.
func (a *attempt) tangled(order []wave) bool {
	for i, w := range order {
		if slices.ContainsFunc(order[i+1:], func(l wave) bool { return a.replacedBelow(w, l) }) && len(a.apart(w)) > 1 {
			return true
		}
	}
	return false
}

// clearBelow makes way for children that are replaced and have children themselves, which are replaced later: the lowest
// go first. Those whose key comes from a row that is yet to be written have no rows.
func (a *attempt) clearBelow(ctx context.Context, w wave, later []wave) error {
	for _, l := range slices.Backward(later) {
		if !a.replacedBelow(w, l) {
			continue
		}
		bare := wave{shape: l.shape}
		for _, p := range l.parts {
			bare.parts = append(bare.parts, part{p.item, keyOnly(p.record), p.number})
		}
		if refers(bare) {
			if err := a.takeAll(ctx); err != nil {
				return err
			}
		}
		bare.parts = slices.DeleteFunc(bare.parts, func(p part) bool {
			return slices.ContainsFunc(p.record.Values, func(v connectors.Value) bool {
				_, there := a.items[p.item].value(v)
				return v.Kind == connectors.Reference && !there
			})
		})
		sets, err := a.rowsets(bare, a.k.Tables[l.shape.Object])
		if err == nil {
			err = a.queueSets(l.shape, sets)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keyOnly is a record that only names its key.
func keyOnly(r *connectors.Record) *connectors.Record {
	bare := &connectors.Record{Shape: r.Shape, Values: make([]connectors.Value, len(r.Values)), Bare: true}
	for _, k := range r.Shape.Key {
		bare.Values[k] = r.Values[k]
	}
	return bare
}
