package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// shown writes a tree so that kinds are told apart and names have an order.
func shown(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+":"+shown(v[name]))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = shown(x)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case string:
		return fmt.Sprintf("%q", v)
	case json.Number:
		return string(v)
	}
	return fmt.Sprint(v)
}

// read decodes an input by the settings of a mapping; an error is shown with its code, its place, its pointer and its message.
func read(t testing.TB, settings, input string) string {
	t.Helper()
	var in struct {
		Format  string       `yaml:"format"`
		Limits  Limits       `yaml:"limits"`
		Lists   []string     `yaml:"lists"`
		Charset string       `yaml:"charset"`
		CSV     FormCSV      `yaml:"csv"`
		Fixed   FixedOptions `yaml:"fixed"`
	}
	if err := yaml.Unmarshal([]byte("{"+settings+"}"), &in); err != nil {
		t.Fatalf("%s\n%v", settings, err)
	}
	v, err := Decode(in.Format, []byte(input), Options{Limits: in.Limits, Lists: in.Lists, Charset: in.Charset, CSV: in.CSV, Fixed: in.Fixed})
	var e *Error
	switch {
	case errors.As(err, &e):
		return strings.TrimSpace("!" + e.Code + ": " + e.Error() + " " + e.Pointer)
	case err != nil:
		t.Fatal(err)
	}
	return shown(v)
}

// reads runs a table of settings, inputs and what is read.
func reads(t *testing.T, table [][3]string) {
	t.Helper()
	t.Parallel()
	for _, c := range table {
		if have := read(t, c[0], c[1]); have != c[2] {
			t.Errorf("{%s} %q\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}
