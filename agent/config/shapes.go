package config

import (
	"fmt"

	"github.com/inbasket/inbasket/mapping/diag"
)

// CheckShapes says which targets have batch or file where they cannot, or lack both where they need one.
// files tells whether a target takes files; false for its second result leaves the target out.
func (c *Config) CheckShapes(files func(target string) (takes, known bool)) diag.Problems {
	var problems diag.Problems
	for _, t := range c.Targets {
		takes, known := files(t.Name)
		named := ""
		switch {
		case t.Batch != nil:
			named = "batch"
		case t.File != nil:
			named = "file"
		}
		switch {
		case !known:
		case takes && named == "":
			problems = append(problems, c.file.KeyProblem(CodeShape, fmt.Sprintf("the target %q takes files, and nothing says what they are called", t.Name),
				"add file with a name for one file a form, or batch for many forms in one", "targets", t.Name))
		case !takes && named != "":
			problems = append(problems, c.file.KeyProblem(CodeShape, fmt.Sprintf("the target %q takes no files", t.Name), "remove "+named, "targets", t.Name, named))
		}
	}
	return problems
}
