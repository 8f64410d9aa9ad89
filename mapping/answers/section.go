package answers

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Section is the compiled answer section.
type Section struct {
	From      string
	Question  connectors.Question
	Files     bool
	Name      *regexp.Regexp
	Format    string
	Options   decode.Options
	Program   expr.Program
	Each      *expr.Loop          // of files: one result for each item
	When      *expr.Compiled      // of files with each: which items are decisions
	Columns   []string            // of a row, that fields are made of
	Made      map[string][]string // of which of them a field is made
	Fields    []Field
	Match     []Field // on the submission's side
	ID        []string
	Status    string
	Outcomes  map[string]string
	Case      string
	Reason    string
	Documents []Document
	Names     []connectors.Named // columns that are read from a row, of a query
}

// Field is a name with the expression that gives its value.
type Field struct {
	Name string
	X    expr.Compiled
}

// readName is a column or field that a key of the section reads.
type readName struct{ Key, Name string }

// Reads lists what the section reads of a result.
func (a *Section) Reads() (list []readName) {
	for _, n := range a.ID {
		list = append(list, readName{"id", n})
	}
	for _, m := range a.Match {
		list = append(list, readName{"match", m.Name})
	}
	list = append(list, readName{"outcome", a.Status}, readName{"case", a.Case}, readName{"reason", a.Reason})
	for _, d := range a.Documents {
		list = append(list, readName{"documents", d.From}, readName{"documents", d.Named})
	}
	return list
}

// Separator stands between the parts of what is made of several values.
const Separator = "\x1f"

// Text is a value as both sides write it: without blanks that a CHAR column adds, numbers without zeros that say nothing.
func Text(v value.Value) (string, bool) {
	s, ok := v.Text()
	if !ok || v.Absent() {
		return "", false
	}
	s = strings.TrimSpace(s)
	if v.Kind == value.KindDecimal && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s, s != "" && !strings.Contains(s, Separator) // a hostile form must not look like two values
}

// Document is a document of a decision.
type Document struct {
	Name  string `yaml:"name" doc:"name that the front office sees"`
	Named string `yaml:"named" doc:"instead of name: column or field that gives it; a list, where from gives one"`
	From  string `yaml:"from,required" doc:"column or field with the content; of answer files the field that names a file beside them. With named a list is as many documents"`
	Type  string `yaml:"type" doc:"MIME type; default by the name's ending"`
}

// Words are the outcomes that every front office knows; others are between the office and it.
var Words = []string{"approved", "refused"}

// Wrong says why a document cannot have its name or type; "" where it can.
func (d Document) Wrong() string {
	switch {
	case strings.ContainsAny(d.Name, `/\:*?"<>|`) || strings.ContainsFunc(d.Name, unicode.IsControl):
		return `a file name cannot hold any of / \ : * ? " < > | or control characters`
	case strings.Trim(d.Name, ". ") == "" || strings.TrimSpace(d.Name) != d.Name:
		return "a file name is not empty, not only dots, and does not begin or end with a blank"
	case strings.ContainsAny(d.Name, "{}"):
		return "the name is told as it stands here: it has no variables in braces"
	case d.Type != "" && !strings.Contains(d.Type, "/"):
		return "its type is written as MIME types are, such as application/pdf"
	}
	return ""
}
