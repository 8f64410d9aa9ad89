package mapping

import (
	"sort"

	"github.com/inbasket/inbasket/mapping/diag"
)

// binding is what a name stands for. Exactly one of path, ev, ref and members is set.
type binding struct {
	path    *path
	ev      eval
	src     *path
	own     bool     // as of an expression
	may     *outcome // what check knows of its values; nil: anything
	ref     *writeBinding
	members map[string]eval
	depth   int  // of the innermost loop that it hangs on, from 1; 0: none
	late    bool // it is only known once a form is a submission
}

// writeBinding is a write as other writes see it.
type writeBinding struct {
	name, target string
	returning    []string
	many         bool         // each: which record's value is meant cannot be said
	later        bool         // comes after the write that is being compiled
	onUse        func(string) // told which target waits for this one
}

// scope holds names, lexically.
type scope struct {
	parent *scope
	names  map[string]binding
}

func (s *scope) inner() *scope { return &scope{parent: s, names: map[string]binding{}} }

func (s *scope) find(name string) (binding, bool) {
	for ; s != nil; s = s.parent {
		if b, ok := s.names[name]; ok {
			return b, true
		}
	}
	return binding{}, false
}

// all returns every name in scope, sorted.
func (s *scope) all() []string {
	var names []string
	for ; s != nil; s = s.parent {
		for n := range s.names {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

func suggestName(word string, names []string) string { return diag.Suggest(word, names) }
