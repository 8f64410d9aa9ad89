package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

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

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// template checks a file name template: batch names must differ by {seq}, the names of forms by {id} or
// {reference}. An empty one is an absent control file; a missing name is a problem already.
func (l *loader) template(s string, sealed bool, path ...any) {
	if s == "" {
		return
	}
	l.refuse(strings.ContainsAny(s, "/\\\x00\r\n") || strings.TrimSpace(s) != s, CodeTemplate, "a file name cannot hold slashes, line ends or white space around it",
		"the folder is the connector's: path or dir", path...)
	known := []string{"id", "reference", "date", "time", "n"}
	unique := "{id} or {reference}"
	if sealed {
		known, unique = []string{"seq", "date", "time"}, "{seq}"
	}
	distinct := false
	for _, p := range placeholder.FindAllString(s, -1) {
		name, _, _ := strings.Cut(strings.Trim(p, "{}"), ":")
		l.refuse(!slices.Contains(known, name), CodeTemplate, fmt.Sprintf("%s is not known here", p), "possible here: {"+strings.Join(known, "}, {")+"}", path...)
		distinct = distinct || strings.Contains(unique, "{"+name+"}")
	}
	open := strings.ContainsAny(placeholder.ReplaceAllString(s, ""), "{}")
	l.refuse(open, CodeTemplate, "a brace is not closed", "", path...)
	l.refuse(!open && !distinct, CodeTemplate, "two files would have the same name", "put "+unique+" into it", path...)
}
