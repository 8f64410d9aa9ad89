package load

import (
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// Problem returns a problem at a place of a mapping, as connectors.Finding names it. Its file is named as Load was
// told it, beside the mapping's folder.
func Problem(p *mapping.Plan, path []any, offset int, code, message, suggestion string) diag.Problem {
	none := diag.Problem{Code: code, Message: message, Suggestion: suggestion}
	f, err := source.Open(p.Bundle())
	if err != nil {
		return none
	}
	none.File = f.Main
	src, err := f.Read(f.Main)
	if err != nil {
		return none
	}
	file, problems := diag.Parse(f.Main, src)
	if len(problems) > 0 && file.Root().Kind != diag.Map {
		return none
	}
	return problemAt(file.Root(), path, offset, code, message, suggestion)
}

// problemAt finds a place. Columns that are keys of the mapping are shown where they stand, not where their value does.
func problemAt(root *diag.Node, path []any, offset int, code, message, suggestion string) diag.Problem {
	n := len(path)
	if n > 1 && path[n-1] == "fields" {
		return root.Below(path[:n-1]...).KeyProblem("fields", code, message, suggestion)
	}
	if n > 1 && (path[n-2] == "fields" || path[n-2] == "match" || path[n-2] == "outcome") {
		if key, ok := path[n-1].(string); ok {
			return root.Below(path[:n-1]...).KeyProblem(key, code, message, suggestion)
		}
	}
	return root.Below(path...).ProblemAt(offset, code, message, suggestion)
}
