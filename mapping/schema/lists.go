package schema

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Lists tells whether the schema names a text or number among the values that there may be at a place; "" is an item of a list.
func (s *Schema) Lists(at []string, text string) bool {
	now := shapes(s.root)
	for _, name := range at {
		if name == "" {
			now = items(now)
		} else {
			now = named(now, name)
		}
	}
	is := func(v any) bool {
		switch v := v.(type) {
		case string:
			return v == text
		case json.Number:
			return string(v) == text
		case bool, nil, map[string]any, []any:
			return false
		}
		return fmt.Sprint(v) == text
	}
	return slices.ContainsFunc(now, func(x *jsonschema.Schema) bool {
		return x.Const != nil && is(*x.Const) || x.Enum != nil && slices.ContainsFunc(x.Enum.Values, is)
	})
}
