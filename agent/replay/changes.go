package replay

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/encode"
)

// Change is one difference between what two versions write.
type Change struct {
	At       string           // write[record].FIELD, or what else differs
	Was, Now connectors.Value // of a column
	Text     string           // of what is no column: in words, without content
}

// sealed is when and as what the file of one form is made, in both versions alike.
var sealed = encode.Header{Seq: 1, SealedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Name: "FILE"}

// maxChanges are kept of one submission.
const maxChanges = 200

// comparison of what two versions write for one form.
type comparison struct {
	list []Change
	more int
}

func (c *comparison) add(x Change) {
	if len(c.list) >= maxChanges {
		c.more++
		return
	}
	c.list = append(c.list, x)
}

func (c *comparison) say(at, format string, args ...any) {
	c.add(Change{At: at, Text: fmt.Sprintf(format, args...)})
}

// changes are those of all targets.
func changes(pinned, by *mapping.Plan, was, now Made) ([]Change, error) {
	c := &comparison{}
	targets := slices.Concat(pinned.Targets(), by.Targets())
	slices.Sort(targets)
	for _, target := range slices.Compact(targets) {
		if err := c.deliveries(target, deliveryOf(was.Mapped, target), deliveryOf(now.Mapped, target)); err != nil {
			return nil, err
		}
	}
	if c.more > 0 {
		c.list = append(c.list, Change{At: "and", Text: fmt.Sprintf("%d more", c.more)})
	}
	return c.list, nil
}

// deliveryOf is what a target gets; nothing where the mapping does not know it.
func deliveryOf(m *mapping.Mapped, target string) *mapping.Delivery {
	if n := slices.IndexFunc(m.Deliveries, func(d mapping.Delivery) bool { return d.Target == target }); n >= 0 {
		return &m.Deliveries[n]
	}
	return &mapping.Delivery{Target: target, Empty: true}
}

func (c *comparison) deliveries(target string, was, now *mapping.Delivery) error {
	at := "to " + target
	if w, n := strings.Join(was.Needs, ", "), strings.Join(now.Needs, ", "); w != n {
		c.say(at, "waits for %s; before, for %s", orNothing(n), orNothing(w))
		return nil
	}
	if was.Order != now.Order {
		c.add(Change{At: at + ": order", Was: connectors.Value{Kind: connectors.Text, Str: was.Order}, Now: connectors.Value{Kind: connectors.Text, Str: now.Order}})
	}
	before := len(c.list)
	old, kept := byWrite(was.Records)
	new, names := byWrite(now.Records)
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	for _, name := range kept {
		if err := c.records(name, old[name], new[name]); err != nil {
			return err
		}
	}
	same, err := sameFile(was, now)
	if err != nil {
		return err
	}
	if !same && len(c.list) == before {
		c.say(at, "the records are equal, and the bytes of the file are others")
	}
	return c.documents(at, was.Documents, now.Documents)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// byWrite sorts records by their write, and names the writes in their order.
func byWrite(list []connectors.Record) (map[string][]connectors.Record, []string) {
	all, names := map[string][]connectors.Record{}, []string(nil)
	for _, r := range list {
		name := r.Shape.Write
		if all[name] == nil {
			names = append(names, name)
		}
		all[name] = append(all[name], r)
	}
	return all, names
}

func (c *comparison) records(name string, was, now []connectors.Record) error {
	if len(was) > 0 && len(now) > 0 {
		if w, n := does(was[0].Shape), does(now[0].Shape); w != n {
			c.say(name, "%s; before: %s", n, w)
		}
	}
	if len(was) != len(now) {
		c.say(name, "%d records; before: %d", len(now), len(was))
	}
	for i := range max(len(was), len(now)) {
		at := fmt.Sprintf("%s[%d]", name, i)
		w, n := recordAt(was, i), recordAt(now, i)
		if w.Bare != n.Bare || w.Under != n.Under {
			c.say(at, "it stands under another record, or one of both only names the key of rows that go")
		}
		if err := c.one(at, w, n); err != nil {
			return err
		}
	}
	return nil
}

// recordAt is one record; one without columns where there is none.
func recordAt(list []connectors.Record, i int) connectors.Record {
	if i < len(list) {
		return list[i]
	}
	return connectors.Record{Shape: &connectors.Shape{}}
}

// does says what is done with records of a shape, as far as it matters to the target.
func does(s *connectors.Shape) string {
	var key, changes []string
	for _, k := range s.Key {
		key = append(key, s.Fields[k])
	}
	for _, k := range s.Loose {
		changes = append(changes, s.Fields[k])
	}
	text := fmt.Sprintf("%s %s", [...]string{"insert into", "upsert into", "update", "replace children in", "call", "put"}[s.Op], s.Object)
	for _, x := range []struct {
		what string
		list []string
	}{{"key", key}, {"returning", s.Returning}, {"unchecked in", changes}} {
		if len(x.list) > 0 {
			text += ", " + x.what + " " + strings.Join(x.list, ", ")
		}
	}
	if s.Unchecked {
		text += ", rows unchecked"
	}
	return text
}

// one compares two records column by column; a column that one of them lacks is missing there.
func (c *comparison) one(at string, was, now connectors.Record) error {
	fields := slices.Clone(now.Shape.Fields)
	for _, f := range was.Shape.Fields {
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	for _, f := range fields {
		w, n := valueOf(was, f), valueOf(now, f)
		same, err := sameValue(w, n)
		if err != nil {
			return err
		}
		if !same {
			c.add(Change{At: at + "." + f, Was: w, Now: n})
		}
	}
	return nil
}

func valueOf(r connectors.Record, field string) connectors.Value {
	if i := slices.Index(r.Shape.Fields, field); i >= 0 {
		return r.Values[i]
	}
	return connectors.Value{}
}

func sameValue(a, b connectors.Value) (bool, error) {
	if a.Kind != connectors.Binary || b.Kind != connectors.Binary {
		return a.Kind == b.Kind && a.Str == b.Str && a.Int == b.Int, nil
	}
	return sameBlob(*a.Blob, *b.Blob)
}

// sameBlob compares content by its digest, which is computed where it is not known.
func sameBlob(a, b connectors.Blob) (bool, error) {
	if a.Size != b.Size {
		return false, nil
	}
	x, err := digest(a)
	if err != nil {
		return false, err
	}
	y, err := digest(b)
	return x == y, err
}

func digest(b connectors.Blob) (d connectors.Digest, err error) {
	if b.Digest != d {
		return b.Digest, nil
	}
	r, err := b.Open()
	if err != nil {
		return d, err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return d, err
	}
	return connectors.Digest(h.Sum(nil)), nil
}

// sameFile compares the files that a place would get of this form alone, with what stands around its lines.
func sameFile(was, now *mapping.Delivery) (bool, error) {
	if was.Piece == nil || now.Piece == nil {
		return was.Piece == nil && now.Piece == nil, nil
	}
	var files [2]string
	for i, d := range []*mapping.Delivery{was, now} {
		pieces := []encode.Piece{*d.Piece}
		body, err := d.Layout.File(sealed, pieces)
		if err != nil {
			return false, err
		}
		name, control, _, err := d.Layout.Control(sealed, int64(len(body)), sha256.Sum256(body), pieces)
		if err != nil {
			return false, err
		}
		files[i] = string(body) + "\x00" + name + "\x00" + string(control)
	}
	return files[0] == files[1], nil
}

func (c *comparison) documents(at string, was, now []connectors.File) error {
	if len(was) != len(now) {
		c.say(at, "%d documents beside; before: %d", len(now), len(was))
		return nil
	}
	for i := range was {
		same, err := sameBlob(was[i].Blob, now[i].Blob)
		if err != nil {
			return err
		}
		if was[i].Name != now[i].Name || !same {
			c.say(at, "document %d has another name or content", i+1)
		}
	}
	return nil
}
