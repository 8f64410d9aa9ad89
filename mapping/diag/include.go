package diag

import (
	"fmt"
	"slices"
)

// Include adds the entries of some blocks of another file to the blocks of the same name of this one, after
// those that are there; problems with them still point into the other file. Any other key there, and an
// entry that is here already, is a problem. Hooks of the other file are its own: set them before Decode.
func (f *File) Include(other *File, blocks []string) Problems {
	if other.root.Kind == Null {
		return nil
	}
	if other.root.Kind != Map {
		return Problems{other.root.Problem(CodeType, "a block of keys belongs here, not "+other.root.Describe(), "")}
	}
	if f.root.Kind == Null {
		f.root.Kind = Map
	}
	var problems Problems
	for _, p := range other.root.Pairs {
		switch {
		case !slices.Contains(blocks, p.Key):
			problems = append(problems, other.at(CodeUnknownKey, p.Line, p.Column, fmt.Sprintf("the key %q cannot stand in this file", p.Key), DidYouMean(p.Key, blocks)))
		case p.Value.Kind == Null:
		case p.Value.Kind != Map:
			problems = append(problems, p.Value.Problem(CodeType, "a block of keys belongs here, not "+p.Value.Describe(), ""))
		default:
			problems = append(problems, f.include(p)...)
		}
	}
	return problems
}

// include adds the entries of one block.
func (f *File) include(block Pair) (problems Problems) {
	i := slices.IndexFunc(f.root.Pairs, func(p Pair) bool { return p.Key == block.Key })
	if i < 0 {
		f.root.Pairs = append(f.root.Pairs, block)
		return nil
	}
	into := *f.root.Pairs[i].Value // not in place: an anchor may share it
	if into.Kind == Null {
		into.Kind = Map
	}
	if into.Kind != Map {
		return nil // a problem of its own
	}
	into.Pairs = slices.Clone(into.Pairs)
	for _, p := range block.Value.Pairs {
		if j := slices.IndexFunc(into.Pairs, func(q Pair) bool { return q.Key == p.Key }); j >= 0 {
			first := into.Pairs[j]
			problems = append(problems, p.Value.file.at(CodeDuplicate, p.Line, p.Column,
				fmt.Sprintf("%s has %q already, in %s, line %d", block.Key, p.Key, first.Value.file.Name, first.Line), "remove one of the two"))
			continue
		}
		into.Pairs = append(into.Pairs, p)
	}
	f.root.Pairs[i].Value = &into
	return problems
}
