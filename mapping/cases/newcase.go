package cases

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Case writes a case that expects of a sample what the mapping gives now, as the lines of one entry of tests. Files are named as they will lie beside
// the mapping: that of the form, and those of attachments in their order.
func Case(p *mapping.Plan, s Sample, form string, attached []string) ([]string, error) {
	lines := []string{"form: " + quote(form)}
	if len(attached) > 0 {
		lines = append(lines, "attachments:")
		for i, name := range attached {
			lines = append(lines, fmt.Sprintf("  - {file: %s, type: %s}", quote(name), quote(cmp.Or(s.Attachments[i].ContentType, "application/octet-stream"))))
		}
	}
	t := s.test(p)
	if len(t.Returns) > 0 {
		lines = append(lines, "returns:")
	}
	for _, write := range slices.Sorted(maps.Keys(t.Returns)) {
		var columns []string
		for _, c := range slices.Sorted(maps.Keys(t.Returns[write])) {
			columns = append(columns, key(c)+": "+literal(t.Returns[write][c].(value.Value).Connector()))
		}
		lines = append(lines, "  "+key(write)+": {"+strings.Join(columns, ", ")+"}")
	}
	mapped, _, err := try(p, s.Form, t, s.Attachments, nil)
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong) && len(wrong.Fields) > 0:
		f := wrong.Fields[0]
		return append(lines, fmt.Sprintf("expect-error: {at: %s, code: %s}", quote(f.Pointer), quote(f.Code))), nil
	case err != nil:
		at := parkedBy(err)
		return append(lines, fmt.Sprintf("expect-error: {at: %s, code: %s}", quote(at.Pointer), quote(at.Code))), nil
	}
	return append(append(lines, "expect:"), expected(mapped)...), nil
}

// expected are the lines of all records, by write.
func expected(m *mapping.Mapped) (lines []string) {
	of, order := map[string][]connectors.Record{}, []string(nil)
	for _, d := range m.Deliveries {
		for _, r := range d.Records {
			if of[r.Shape.Write] == nil {
				order = append(order, r.Shape.Write)
			}
			if of[r.Shape.Write] = append(of[r.Shape.Write], r); r.Bare {
				of[r.Shape.Write] = of[r.Shape.Write][:len(of[r.Shape.Write])-1]
			}
		}
	}
	for _, write := range order {
		if len(of[write]) == 0 {
			lines = append(lines, "  "+key(write)+": []")
			continue
		}
		lines = append(lines, "  "+key(write)+":")
		for _, r := range of[write] {
			start := "    - "
			for i, f := range r.Shape.Fields {
				if r.Values[i].Kind != connectors.Missing {
					lines = append(lines, start+key(f)+": "+named(r.Values[i]))
					start = "      "
				}
			}
			if start == "    - " {
				lines = append(lines, start+"{}")
			}
		}
	}
	return lines
}

// named writes a value as a case expects it, or what takes any where a case cannot name it.
func named(v connectors.Value) string {
	text := literal(v)
	if file, problems := diag.Parse("", []byte(text)); len(problems) > 0 || wanted(file.Root()) != shown(v) {
		return "{not-null: true}"
	}
	return text
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func key(name string) string {
	if plainKey.MatchString(name) && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(name)) {
		return name
	}
	return quote(name)
}

// quote writes a text in the quotes of YAML, where it needs them.
func quote(text string) string {
	if plain := regexp.MustCompile(`^[A-Za-z0-9_./-]*[A-Za-z_/][A-Za-z0-9_./-]*$`); plain.MatchString(text) && text[0] != '-' {
		return text
	}
	return fmt.Sprintf("%q", text)
}

// AddCase puts a case behind those of a mapping file; all else in it stays as it is written.
func AddCase(src []byte, lines []string) ([]byte, error) {
	file, problems := diag.Parse("", src)
	if len(problems) > 0 {
		return nil, problems
	}
	text := string(src)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	all := strings.SplitAfter(text, "\n")
	all = all[:len(all)-1]
	tests, there := file.Root().Get("tests")
	if !there {
		return []byte(text + "tests:\n" + entry(lines, "  ")), nil
	}
	if tests.Kind != diag.List || len(tests.Items) == 0 {
		return nil, errors.New("tests of the mapping is no list of blocks; write it as one: tests:, and below it lines that begin with a dash")
	}
	last := tests.Items[len(tests.Items)-1]
	indent, dash := dashOf(all[last.Line-1])
	if !dash {
		return nil, errors.New("the last case of the mapping does not begin with a dash of its own line; write it so")
	}
	end := len(all)
	for _, p := range file.Root().Pairs {
		if p.Line > last.Line && p.Line-1 < end {
			end = p.Line - 1
		}
	}
	for end > last.Line && (strings.TrimSpace(all[end-1]) == "" || strings.HasPrefix(all[end-1], "#")) {
		end-- // what stands in front of the next section belongs to it
	}
	return []byte(strings.Join(all[:end], "") + entry(lines, indent) + strings.Join(all[end:], "")), nil
}

// dashOf is what stands in front of the dash that a line begins with.
func dashOf(line string) (indent string, ok bool) {
	rest := strings.TrimLeft(line, " ")
	return line[:len(line)-len(rest)], strings.HasPrefix(rest, "- ")
}

func entry(lines []string, indent string) string {
	return indent + "- " + strings.Join(lines, "\n"+indent+"  ") + "\n"
}
