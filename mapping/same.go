package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"maps"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Sameness is what a form that comes again must have in common with itself: input.same.
type Sameness struct {
	Rule  string // the paths, for comparing versions of a mapping
	Parts []expr.Eval
	Paths [][]string
}

// SameRule names what makes two forms the same; two versions of a mapping with equal rules agree. "": all bytes.
func (p *Plan) SameRule() string { return p.parts.Same.Rule }

// SameDigest is the digest of what makes a form the same, with its reference: exact values, whatever the order of
// names. It is false where the mapping declares nothing, the form lacks a part, or there is nothing in any of them: then all its bytes count.
func (p *Plan) SameDigest(f Form) (connectors.Digest, bool) {
	if len(p.parts.Same.Parts) == 0 {
		return connectors.Digest{}, false
	}
	e := expr.NewEnv(&p.parts.Program, p.parts.tree(f), &expr.Input{})
	defer e.Free()
	h := sha256.New()
	ref, _ := p.Reference(f)
	put(h, "inbasket same 1", p.parts.Same.Rule, ref)
	said := false
	for _, part := range p.parts.Same.Parts {
		v := part(e)
		if v.Kind == value.KindMissing {
			return connectors.Digest{}, false
		}
		n := value.NodeOf(v)
		said = said || something(n)
		canonical(h, n)
	}
	return connectors.Digest(h.Sum(nil)), said
}

// something tells whether a node holds any value: null, an empty text, and lists and objects of such are none.
func something(n any) bool {
	switch n := n.(type) {
	case nil:
		return false
	case string:
		return n != ""
	case []any:
		return slices.ContainsFunc(n, something)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(n)), something)
	}
	return true
}

func put(h hash.Hash, texts ...string) {
	for _, s := range texts {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
}

// canonical writes a node so that only equal ones are written alike.
func canonical(h hash.Hash, n any) {
	switch n := n.(type) {
	case nil:
		put(h, "null")
	case bool:
		put(h, map[bool]string{true: "true", false: "false"}[n])
	case string:
		put(h, "text", n)
	case json.Number:
		s, _ := value.Number(string(n)).Text()
		put(h, "number", s)
	case []any:
		put(h, "list")
		h.Write(binary.AppendUvarint(nil, uint64(len(n))))
		for _, it := range n {
			canonical(h, it)
		}
	case map[string]any:
		put(h, "object")
		h.Write(binary.AppendUvarint(nil, uint64(len(n))))
		for _, name := range slices.Sorted(maps.Keys(n)) {
			put(h, name)
			canonical(h, n[name])
		}
	}
}

// maxDifferences bounds how many fields a repeat is said to differ in.
const maxDifferences = 5

// Differences names the fields in which two forms differ, at most a few, and only those whose names look like fields.
func Differences(a, b Form) []string {
	var out []string
	var walk func(at string, a, b any)
	walk = func(at string, a, b any) {
		if len(out) >= maxDifferences {
			return
		}
		x, ok := a.(map[string]any)
		y, ok2 := b.(map[string]any)
		if !ok || !ok2 {
			if !equalNodes(a, b) {
				out = append(out, at)
			}
			return
		}
		names := append(slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y))...)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if !equalNodes(x[name], y[name]) {
				next := "/" + name
				if !schema.FieldName.MatchString(name) {
					next = "/…"
				}
				walk(at+next, x[name], y[name])
			}
		}
	}
	walk("", Tree(a), Tree(b))
	return out
}

func equalNodes(a, b any) bool {
	digest := func(n any) string { h := sha256.New(); canonical(h, n); return string(h.Sum(nil)) }
	return digest(a) == digest(b)
}
