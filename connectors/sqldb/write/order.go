package write

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// wave is all records of one shape over all items, to be written together.
type wave struct {
	shape *connectors.Shape
	parts []part
}

// part is one record with the index of its item.
type part struct {
	item   int
	record *connectors.Record
	number int64 // of the item's records of this write, from 1, without those that are bare
}

// next is the number of a record which follows another of its write.
func (p part) next() int64 {
	if p.record.Bare {
		return p.number
	}
	return p.number + 1
}

// waves groups the items' records by shape, in an order in which no shape comes before one that precedes
// it in any delivery. It returns false when the deliveries contradict one another or themselves; then
// they go record by record.
func waves(items []*item) ([]wave, bool) {
	level := map[*connectors.Shape]int{}
	var shapes []*connectors.Shape
	for changed, round := true, 0; changed; round++ {
		if round > len(shapes)+1 {
			return nil, false
		}
		changed = false
		for _, it := range items {
			prev := -1
			var last *connectors.Shape
			for i := range it.delivery.Records {
				s := it.delivery.Records[i].Shape
				if s == last {
					continue
				}
				last = s
				l, known := level[s]
				if !known {
					shapes = append(shapes, s)
				}
				if !known || l <= prev {
					l = prev + 1
					level[s] = l
					changed = true
				}
				prev = l
			}
		}
	}
	return gather(items, shapes, level), true
}

func gather(items []*item, shapes []*connectors.Shape, level map[*connectors.Shape]int) []wave {
	at := map[*connectors.Shape]int{}
	var all []wave
	for l := 0; len(all) < len(shapes); l++ {
		for _, s := range shapes {
			if level[s] == l {
				at[s] = len(all)
				all = append(all, wave{shape: s})
			}
		}
	}
	for i, it := range items {
		for r := range it.delivery.Records {
			rec := &it.delivery.Records[r]
			w := &all[at[rec.Shape]]
			number := int64(1)
			if n := len(w.parts); n > 0 && w.parts[n-1].item == i {
				number = w.parts[n-1].next()
			}
			w.parts = append(w.parts, part{i, rec, number})
		}
	}
	return all
}

// singly gives every run of records of one shape a wave of its own, in the order of acceptance.
func singly(items []*item) []wave {
	var all []wave
	for i, it := range items {
		var last *connectors.Shape
		next := map[*connectors.Shape]int64{}
		for r := range it.delivery.Records {
			rec := &it.delivery.Records[r]
			if rec.Shape != last {
				all = append(all, wave{shape: rec.Shape})
				last = rec.Shape
			}
			w := &all[len(all)-1]
			p := part{i, rec, max(next[rec.Shape], 1)}
			next[rec.Shape] = p.next()
			w.parts = append(w.parts, p)
		}
	}
	return all
}

// segments cuts items so that no two deliveries of one Order share a segment, and what a call may commit is alone.
func segments(items []*item) [][]*item {
	var all [][]*item
	seen := map[string]bool{}
	start, alone := 0, false
	for i, it := range items {
		o := it.delivery.Order
		_, probed := calls(it.delivery)
		if i > start && (o != "" && seen[o] || probed || alone) {
			all = append(all, items[start:i])
			start = i
			clear(seen)
		}
		seen[o], alone = o != "", probed
	}
	return append(all, items[start:])
}

// apart splits a wave's parts so that no two of one piece name the same row of the table: a statement must not touch a
// row twice, and the later record must win. Children that are replaced share their parent's key within one item.
func (a *attempt) apart(w wave) [][]part {
	if len(w.shape.Key) == 0 || w.shape.Op == connectors.Insert || w.shape.Op == connectors.Call || len(w.parts) < 2 {
		return [][]part{w.parts}
	}
	var pieces [][]part
	seen := map[string]int{}
	start := 0
	for i, p := range w.parts {
		key := a.keyOf(p)
		if by, twice := seen[key]; twice && (w.shape.Op != connectors.ReplaceChildren || by != p.item) {
			pieces = append(pieces, w.parts[start:i])
			start = i
			clear(seen)
		}
		seen[key] = p.item
	}
	return append(pieces, w.parts[start:])
}

// contradicting finds two records of one delivery that name the same row and say different things of it: the last would take the
// place of what the form says in the other, unless the mapping says that whatever becomes of rows is meant.
func (a *attempt) contradicting(w wave) error {
	if len(w.shape.Key) == 0 || w.shape.Op != connectors.Upsert && w.shape.Op != connectors.Update || w.shape.Unchecked {
		return nil
	}
	seen := map[string][]*connectors.Record{} // of one item
	for i, p := range w.parts {
		if i > 0 && w.parts[i-1].item != p.item {
			clear(seen)
		}
		if len(seen) == 0 && (i+1 == len(w.parts) || w.parts[i+1].item != p.item) {
			continue // its only one
		}
		key := a.keyOf(p)
		if slices.ContainsFunc(seen[key], func(r *connectors.Record) bool { return contradict(r.Values, p.record.Values) }) {
			return &dialect.Culprit{Item: p.item, Code: dialect.CodeSameRow, Op: "write to " + w.shape.Object, Err: errors.New("two records of the form have one key, and differ")}
		}
		seen[key] = append(seen[key], p.record)
	}
	return nil
}

// contradict tells whether two records give one column different values.
func contradict(x, y []connectors.Value) bool {
	for i := range x {
		v, w := &x[i], &y[i]
		if v.Kind != connectors.Missing && w.Kind != connectors.Missing && !sameValue(v, w) {
			return true
		}
	}
	return false
}

// sameValue compares by value: numbers whatever their zeros, points in time whatever their offsets.
func sameValue(v, w *connectors.Value) bool {
	switch {
	case v.Kind == connectors.Binary || w.Kind == connectors.Binary:
		return v.Kind == w.Kind && sameBytes(v.Blob, w.Blob)
	case v.Kind == w.Kind && v.Str == w.Str && v.Int == w.Int:
		return true
	case number(v) && number(w):
		return plain(v) == plain(w)
	case v.Kind == connectors.DateTime && w.Kind == connectors.DateTime:
		x, err := time.Parse(time.RFC3339Nano, v.Str)
		y, err2 := time.Parse(time.RFC3339Nano, w.Str)
		return err == nil && err2 == nil && x.Equal(y)
	}
	return false
}

func number(v *connectors.Value) bool {
	return v.Kind == connectors.Integer || v.Kind == connectors.Decimal
}

// plain is a number without zeros behind its point.
func plain(v *connectors.Value) string {
	text := dialect.KeyText(*v)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func sameBytes(x, y *connectors.Blob) bool {
	if x == y || x == nil || y == nil || x.Size != y.Size {
		return x == y
	}
	if x.Digest != (connectors.Digest{}) && y.Digest != (connectors.Digest{}) {
		return x.Digest == y.Digest
	}
	one, err := dialect.ReadBlob(x)
	two, err2 := dialect.ReadBlob(y)
	return err == nil && err2 == nil && bytes.Equal(one, two)
}

// keyOf is what names a record's row, for comparison within one group.
func (a *attempt) keyOf(p part) string {
	var key strings.Builder
	for _, k := range p.record.Shape.Key {
		v := p.record.Values[k]
		if v.Kind == connectors.Reference {
			v, _ = a.items[p.item].value(v)
		}
		key.WriteString(dialect.KeyText(v))
		key.WriteByte(0x1f)
	}
	return key.String()
}
