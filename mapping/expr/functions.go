package expr

import "github.com/inbasket/inbasket/mapping/expr/helpers"

// Function is one that expressions may call, as the reference tells of it.
type Function struct{ Name, Usage, Absent, Example string }

// Functions are those of the language, by name.
func Functions() (all []Function) {
	for _, name := range callable {
		if p, ok := predicates[name]; ok {
			all = append(all, Function{Name: name, Usage: p.usage, Absent: "a missing or null list counts as an empty one"})
		} else if h, ok := helpers.Find(name); ok {
			all = append(all, Function{Name: name, Usage: h.Usage, Absent: h.Absent, Example: h.Example})
		}
	}
	return all
}
