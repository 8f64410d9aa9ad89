package workbench

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// described is the schema of mapping files, which says of every place what may stand there.
var described = sync.OnceValue(func() diag.Object {
	var s diag.Object
	if text, err := source.EditorSchema(); err == nil {
		_ = json.Unmarshal(text, &s)
	}
	return s
})

// kinds are the parts of the schema that say what may stand at a place: one of them.
type kinds []diag.Object

// kindsAt follows a path of keys and indexes.
func kindsAt(path []any) kinds {
	now := kinds{described()}.open()
	for _, step := range path {
		var next kinds
		for _, s := range now {
			below := s["items"]
			if key, named := step.(string); named {
				keys, _ := s["properties"].(diag.Object)
				if below = keys[key]; below == nil {
					below = s["additionalProperties"]
				}
			}
			if of, is := below.(diag.Object); is {
				next = append(next, of)
			}
		}
		now = next.open()
	}
	return now
}

// open adds the parts that a part names as its choices.
func (k kinds) open() (all kinds) {
	for _, s := range k {
		all = append(all, s)
		choices, _ := s["anyOf"].([]any)
		for _, c := range choices {
			if of, is := c.(diag.Object); is {
				all = append(all, kinds{of}.open()...)
			}
		}
	}
	return all
}

// keys are those that may be written, with what they mean.
func (k kinds) keys() (items []Item) {
	for _, s := range k {
		keys, _ := s["properties"].(diag.Object)
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			of, _ := keys[name].(diag.Object)
			doc, _ := of["description"].(string)
			items = append(items, Item{Label: name, Kind: Key, Doc: doc})
		}
	}
	return items
}

// words are those that may be written as the value.
func (k kinds) words() (items []Item) {
	for _, s := range k {
		words, _ := s["enum"].([]any)
		for _, w := range words {
			if text, is := w.(string); is {
				items = append(items, Item{Label: text, Kind: Word})
			}
		}
	}
	return items
}

// expression tells whether the value is one.
func (k kinds) expression() bool {
	return slices.ContainsFunc(k, func(s diag.Object) bool {
		types, _ := s["type"].([]any)
		return slices.Contains(types, any("string")) && slices.Contains(types, any("boolean"))
	})
}

// meaning is what the reference says of the key at the end of a path; "" of one that the mapping names.
func meaning(path []any) string {
	for _, s := range kindsAt(path) {
		if doc, _ := s["description"].(string); doc != "" {
			return doc
		}
	}
	return ""
}

// within tells whether a path is that of a pattern such as "write/*/fields".
func within(path []any, pattern string) bool {
	steps := strings.Split(pattern, "/")
	return slices.EqualFunc(steps, path, func(want string, have any) bool {
		name, named := have.(string)
		return want == "*" || named && want == name
	})
}
