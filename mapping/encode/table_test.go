package encode

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// layoutOf reads a layout as a mapping has it.
func layoutOf(t testing.TB, yaml string) Spec {
	t.Helper()
	return blockLayout(t, "{"+yaml+"}")
}

// kinds are values of every kind by name.
var kinds = map[string]connectors.Value{"missing": missing, "null": null, `""`: text(""), `"abc"`: text("abc"), `"äß"`: text("äß"), `"漢"`: text("漢"), `"a,b"`: text("a,b"), `"a\"b"`: text(`a"b`),
	`"a\nb"`: text("a\nb"), `"a\tb"`: text("a\tb"), `"a\x01b"`: text("a\x01b"), `"<&>"`: text("<&>"), `"=1"`: text("=1"), `" a "`: text(" a "), `"12.5"`: text("12.5"), `"1e3"`: text("1e3"),
	"7": integer(7), "-7": integer(-7), "1.5": decimal("1.5"), "-1.505": decimal("-1.505"), "true": boolean(1), "false": boolean(0), "date": date("2024-02-29"),
	"moment": dateTime("2024-02-29T13:14:15Z"), "local": dateTime("2024-02-29T13:14:15"), "skipped": dateTime("2024-03-31T02:30:00"), "twice": dateTime("2024-10-27T02:30:00"),
	"again": dateTime("2024-10-27T00:30:00Z"), "binary": {Kind: connectors.Binary}, "returned": {Kind: connectors.Reference, Str: "a.ID"}, "long": text("abcdefghij"), "1234567": integer(1234567), "-1234567": integer(-1234567)}

// written is what a layout makes of one value: the record's bytes with their line ends shown, and the notes; or the error.
func written(t testing.TB, layout, value string) string {
	t.Helper()
	v, ok := kinds[value]
	if !ok {
		t.Fatalf("no value %s", value)
	}
	return writtenOf(t, layout, v)
}

func writtenOf(t testing.TB, layout string, v connectors.Value) string {
	t.Helper()
	l, problems := NewLayout(layoutOf(t, layout))
	if l == nil {
		return fmt.Sprint(problems)
	}
	p, err := l.Encode([]connectors.Record{{Shape: &connectors.Shape{Write: "w", Fields: []string{"A"}}, Values: []connectors.Value{v}}})
	var fe *FieldError
	switch {
	case errors.As(err, &fe):
		return "!" + fe.Code + ": " + fe.Message
	case err != nil:
		t.Fatal(err)
	}
	out := fmt.Sprintf("%q", p.Body)
	for _, n := range p.Notes {
		out += fmt.Sprintf(" (%s: %s)", n.Code, n.Message)
	}
	return strings.ReplaceAll(out[1:], `\"`, `"`)
}

// writes runs a table of layouts, values and what becomes of them.
func writes(t *testing.T, table [][3]string) {
	t.Helper()
	t.Parallel()
	for _, c := range table {
		if have := written(t, c[0], c[1]); have != c[2] {
			t.Errorf("{%s} %s\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}
