package decode

import (
	"fmt"
	"slices"
	"strings"
)

// fieldSetter makes a tree of fields whose names have dots.
type fieldSetter struct {
	lists  map[string]bool
	under  string // where the tree lies in the form
	limits Limits
	nodes  int
}

func (d *fieldSetter) within(text int) error {
	switch {
	case d.nodes > d.limits.Nodes:
		return &Error{Code: CodeNodes, Message: fmt.Sprintf("the form has more than %d values", d.limits.Nodes)}
	case text > d.limits.Text:
		return &Error{Code: CodeText, Message: fmt.Sprintf("the text of the form is longer than %d bytes", d.limits.Text)}
	}
	return nil
}

// set puts a value under its name, in which dots lead into objects. Several of one name are a list, unless there is to be one.
func (d *fieldSetter) set(m map[string]any, key string, value any, once bool) error {
	way := strings.Split(key, ".")
	if slices.Contains(way, "") {
		way = []string{key}
	}
	if d.nodes += len(way); len(way)+1 > d.limits.Depth {
		return &Error{Code: CodeDepth, Message: fmt.Sprintf("a field is nested deeper than %d levels", d.limits.Depth)}
	}
	twice := error(&Error{Code: CodeDuplicate, Message: "a name is both a value and an object of the form"})
	if d.under != "" {
		twice = under(twice, d.under)
	}
	for _, step := range way[:len(way)-1] {
		sub, there := m[step]
		if !there {
			sub = map[string]any{}
			m[step] = sub
		}
		next, ok := sub.(map[string]any)
		if !ok {
			return twice
		}
		m = next
	}
	name := way[len(way)-1]
	old, there := m[name]
	list, several := old.([]any)
	_, object := old.(map[string]any)
	switch {
	case !there && d.lists[strings.TrimPrefix(d.under+"."+strings.Join(way, "."), ".")]:
		m[name] = []any{value}
	case !there:
		m[name] = value
	case once, object:
		return twice
	case several:
		m[name] = append(list, value)
	default:
		m[name] = []any{old, value}
	}
	text, _ := value.(string)
	return d.within(len(text))
}
