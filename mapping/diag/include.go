package diag

import (
	"fmt"
	"slices"
)

// Include adds the entries of some blocks of another file to the blocks of the same name of this one, after
// those that are there; problems with them still point into the other file. Any other key there, and an
// entry that is here already, is a problem. Hooks of the other file are its own: set them before Decode.
func (f *File) Include(other *File, blocks []string) Problems {
	return f.root.Include(other.root, blocks, false)
}

// Include is that of a block; first puts the entries before those that are there.
func (n *Node) Include(other *Node, blocks []string, first bool) Problems {
	if other.Kind == Null {
		return nil
	}
	if other.Kind != Map {
		return Problems{other.Problem(CodeType, "a block of keys belongs here, not "+other.Describe(), "")}
	}
	if n.Kind == Null {
		n.Kind = Map
	}
	var problems Problems
	for _, p := range other.Pairs {
		switch {
		case !slices.Contains(blocks, p.Key):
			problems = append(problems, other.file.at(CodeUnknownKey, p.Line, p.Column, fmt.Sprintf("the key %q cannot stand in this file", p.Key), DidYouMean(p.Key, blocks)))
		case p.Value.Kind == Null:
		case p.Value.Kind != Map:
			problems = append(problems, p.Value.Problem(CodeType, "a block of keys belongs here, not "+p.Value.Describe(), ""))
		default:
			problems = append(problems, n.include(p, first)...)
		}
	}
	return problems
}

// include adds the entries of one block.
func (n *Node) include(block Pair, before bool) (problems Problems) {
	i := slices.IndexFunc(n.Pairs, func(p Pair) bool { return p.Key == block.Key })
	if i < 0 {
		n.Pairs = append(n.Pairs, block)
		return nil
	}
	into := *n.Pairs[i].Value // not in place: an anchor may share it
	if into.Kind == Null {
		into.Kind = Map
	}
	if into.Kind != Map {
		return nil // a problem of its own
	}
	var more []Pair
	for _, p := range block.Value.Pairs {
		if j := slices.IndexFunc(into.Pairs, func(q Pair) bool { return q.Key == p.Key }); j >= 0 {
			first := into.Pairs[j]
			problems = append(problems, p.Value.file.at(CodeDuplicate, p.Line, p.Column,
				fmt.Sprintf("%s has %q already, in %s, line %d", block.Key, p.Key, first.Value.file.Name, first.Line), "remove one of the two"))
			continue
		}
		more = append(more, p)
	}
	if before {
		into.Pairs = slices.Concat(more, into.Pairs)
	} else {
		into.Pairs = slices.Concat(into.Pairs, more)
	}
	n.Pairs[i].Value = &into
	return problems
}

// Append adds the items of another list to one of the block's.
func (n *Node) Append(key string, list *Node) {
	i := slices.IndexFunc(n.Pairs, func(p Pair) bool { return p.Key == key })
	if i < 0 {
		n.Pairs = append(n.Pairs, Pair{Key: key, Line: list.Line, Column: list.Column, Value: list})
		return
	}
	into := *n.Pairs[i].Value
	into.Items = slices.Concat(into.Items, list.Items)
	n.Pairs[i].Value = &into
}
