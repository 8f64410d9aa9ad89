package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// schemaOf compiles a schema that stands in one file; the other files are beside it.
func schemaOf(t testing.TB, text string, levels [][]string) (*Schema, map[string][]byte, error) {
	t.Helper()
	files := map[string][]byte{"s.json": []byte(text), "address.json": []byte(`{"type":"object","properties":{"street":{"type":"string","maxLength":20},"town":{"type":"string"}},"required":["town"]}`)}
	s, err := New("s.json", func(name string) ([]byte, error) {
		if b, ok := files[name]; ok {
			return b, nil
		}
		return nil, errors.New("no such file")
	}, levels)
	return s, files, err
}

// validated is all that is said of a form in JSON: each mistake as pointer, code and message.
func validated(t testing.TB, schema, form string) string {
	t.Helper()
	s, _, err := schemaOf(t, schema, nil)
	if err != nil {
		t.Fatalf("%s: %v", schema, err)
	}
	tree, err := decode.JSON([]byte(form), decode.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	wrong, never := s.Validate(tree)
	if never != nil {
		return fmt.Sprintf("never %s %s: %s", never.Pointer, never.Code, never.Message)
	}
	said := make([]string, len(wrong))
	for i, w := range wrong {
		said[i] = fmt.Sprintf("%s %s: %s", w.Pointer, w.Code, w.Message)
	}
	return strings.Join(said, "; ")
}

// problems is all that check says of a schema, with the places in its file.
func problems(t testing.TB, schema string) string {
	t.Helper()
	s, files, err := schemaOf(t, schema, nil)
	var p *Problem
	switch {
	case errors.As(err, &p):
		return "refused: " + p.InFile(files).String()
	case err != nil:
		return "refused: " + err.Error()
	}
	var said []string
	for _, p := range s.Problems() {
		in := p.InFile(files)
		one := fmt.Sprintf("%d:%d %s", in.Line, in.Column, in.Message)
		if in.Suggestion != "" {
			one += " (" + in.Suggestion + ")"
		}
		if p.Warning {
			one = "warning " + one
		}
		said = append(said, one)
	}
	return strings.Join(said, "; ")
}

// stepsOf reads a path: names, numbers, and * for the running item of a loop.
func stepsOf(path string) (abs []expr.Step) {
	for _, name := range strings.Split(path, ".") {
		switch name {
		case "":
		case "*":
			abs = append(abs, expr.Step{})
		default:
			abs = append(abs, expr.Step{Name: name, Loop: -1})
		}
	}
	return abs
}

// known is what a schema knows of a path: whether it is there, what its values may be, and what a database is told.
func known(t testing.TB, schema, path string) string {
	t.Helper()
	s, _, err := schemaOf(t, schema, nil)
	if err != nil {
		t.Fatalf("%s: %v", schema, err)
	}
	abs := stepsOf(path)
	ok, at, names := s.Known(abs)
	if !ok {
		return fmt.Sprintf("not known at step %d, there are %v", at, names)
	}
	o := s.Outcome(abs)
	var kinds []string
	for _, v := range o.More {
		if k := value.KindName(v.Kind); len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
	}
	c := s.Content(abs)
	content, _ := json.Marshal(map[string]any{"kind": value.KindName(value.Kind(c.Kind)), "min": c.MinLength, "max": c.MaxLength, "absent": c.Absent, "null": c.Null})
	out := fmt.Sprintf("%s %s", strings.Join(kinds, ","), content)
	if o.All {
		out = "only " + out
	}
	if o.Named {
		out += " named"
	}
	return out
}
