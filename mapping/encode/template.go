package encode

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/datefmt"
)

// Template is a text with variables in braces, such as PERM{seq:06}.DAT. Two braces are one. It is
// immutable and safe for concurrent use.
type Template struct {
	parts []templatePart
}

type templatePart struct {
	literal string
	name    string // of the variable; empty for a literal
	arg     string // after the colon
	width   int    // of a number
	pattern *datefmt.Pattern
}

// nameVariables are those of file names.
var nameVariables = []string{"seq", "n", "id", "reference", "date", "time"}

// ParseTemplate checks the template of a file name. Variables are {seq} and {seq:06} (the batch's
// number), {n} and {n:03} (the document's number within a delivery), {id}, {reference}, {date}, {time}
// and {date:PATTERN}.
func ParseTemplate(s string) (*Template, error) {
	t, err := parseTemplate(s, nameVariables)
	if err != nil {
		return nil, err
	}
	for _, p := range t.parts {
		if strings.ContainsAny(p.literal, "/\\:*?\"<>|") || strings.ContainsFunc(p.literal, isControl) {
			return nil, errors.New(`a file name cannot hold any of / \ : * ? " < > | or control characters`)
		}
	}
	if s == "" {
		return nil, errors.New("the file name is empty")
	}
	return t, nil
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0x2028 || r == 0x2029 }

func parseTemplate(s string, allowed []string) (*Template, error) {
	t := &Template{}
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			t.literal(s)
			break
		}
		t.literal(s[:i])
		if s = s[i:]; len(s) > 1 && s[1] == s[0] {
			t.literal(s[:1])
			s = s[2:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if s[0] == '}' || end < 0 {
			return nil, errors.New("a brace stands alone; write two for one")
		}
		p, err := variable(s[1:end], allowed)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		s = s[end+1:]
	}
	return t, nil
}

func (t *Template) literal(s string) {
	if s == "" {
		return
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].name == "" {
		t.parts[n-1].literal += s
		return
	}
	t.parts = append(t.parts, templatePart{literal: s})
}

func variable(s string, allowed []string) (templatePart, error) {
	name, arg, has := strings.Cut(s, ":")
	p := templatePart{name: name, arg: arg}
	if !slices.Contains(allowed, name) {
		return p, fmt.Errorf("{%s} is not a variable; there are {%s}", s, strings.Join(allowed, "}, {"))
	}
	switch name {
	case "date", "time":
		if !has {
			p.arg = map[string]string{"date": "yyyyMMdd", "time": "HHmmss"}[name]
		}
		var err error
		p.pattern, err = datefmt.Compile(p.arg)
		return p, err
	case "seq", "n", "lines", "bytes":
		return p, p.setWidth(arg, has)
	case "count": // {count:06} or {count:WRITE}
		if digitsOnly(arg) {
			err := p.setWidth(arg, has)
			p.arg = ""
			return p, err
		}
	case "total":
		if arg == "" {
			return p, errors.New("{total} names a field, as in {total:FEE}")
		}
	default:
		if has {
			return p, fmt.Errorf("{%s} takes nothing after a colon", name)
		}
	}
	return p, nil
}

func (p *templatePart) setWidth(arg string, has bool) error {
	if !has {
		return nil
	}
	n, err := strconv.Atoi(arg)
	if err != nil || !digitsOnly(arg) || n < 1 || n > 18 {
		return fmt.Errorf("{%s:%s} takes a number of digits from 1 to 18, as in {%s:06}", p.name, arg, p.name)
	}
	p.width = n
	return nil
}

// Uses says whether the template has a variable of this name.
func (t *Template) Uses(name string) bool {
	return slices.ContainsFunc(t.parts, func(p templatePart) bool { return p.name == name })
}

// MinutesOfDay says whether a date in it has minutes and no hour, where the month was meant.
func (t *Template) MinutesOfDay() bool {
	return slices.ContainsFunc(t.parts, func(p templatePart) bool { return p.pattern != nil && p.pattern.MinutesOfDay() })
}

// variables gives the value of a variable, a text or a number, by its name and what stands after the colon; nil: there is none.
type variables func(name, arg string) any

// render writes the template; dates are those of a moment.
func (t *Template) render(at time.Time, value variables) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.name == "":
			b.WriteString(p.literal)
		case p.pattern != nil:
			b.WriteString(p.pattern.Format(at))
		default:
			switch v := value(p.name, p.arg).(type) {
			case int64:
				fmt.Fprintf(&b, "%0*d", p.width, v)
			case string:
				b.WriteString(v)
			}
		}
	}
	return b.String()
}
