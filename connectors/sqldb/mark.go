package sqldb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// mark is a statement whose :NAME places are bound from a row.
type mark struct {
	sql   string
	names []string // one for each placeholder
}

// parseMark replaces :NAME by the system's placeholders, but not in texts, quoted names, comments and
// PostgreSQL's :: casts.
func parseMark(sql string, bind func(int) string) (mark, error) {
	var m mark
	var b strings.Builder
	sql = strings.TrimRight(strings.TrimSpace(sql), ";")
	for i := 0; i < len(sql); {
		if n := skipLength(sql[i:]); n > 0 {
			b.WriteString(sql[i : i+n])
			i += n
			continue
		}
		if sql[i] != ':' {
			if sql[i] == '?' && bind(1) == "?" {
				return mark{}, errors.New("a place is written :NAME, not ?")
			}
			b.WriteByte(sql[i])
			i++
			continue
		}
		n := 1
		for i+n < len(sql) && isNameByte(sql[i+n], n == 1) {
			n++
		}
		if n == 1 {
			b.WriteByte(':')
			i++
			continue
		}
		m.names = append(m.names, sql[i+1:i+n])
		b.WriteString(bind(len(m.names)))
		i += n
	}
	m.sql = b.String()
	return m, nil
}

// skipLength is the length of what is copied as it is at the start of s, or 0.
func skipLength(s string) int {
	until := func(end string, from int) int {
		if j := strings.Index(s[from:], end); j >= 0 {
			return from + j + len(end)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "::"):
		return 2
	case strings.HasPrefix(s, "--"):
		return until("\n", 2)
	case strings.HasPrefix(s, "/*"):
		return until("*/", 2)
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return until(s[:1], 1)
	}
	return 0
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

// args are the row's values for the places.
func (m mark) args(fields map[string]connectors.Value) ([]any, error) {
	args := make([]any, len(m.names))
	for i, n := range m.names {
		v, ok := find(fields, n)
		if !ok {
			return nil, fmt.Errorf("column %s is not in the query", n)
		}
		switch v.Kind {
		case connectors.Null, connectors.Missing:
		case connectors.Integer, connectors.Boolean:
			args[i] = v.Int
		case connectors.Binary:
			b, err := readBlob(v.Blob)
			if err != nil {
				return nil, err
			}
			args[i] = b
		case connectors.DateTime:
			args[i] = strings.Replace(v.Str, "T", " ", 1)
		default:
			args[i] = v.Str
		}
	}
	return args, nil
}
