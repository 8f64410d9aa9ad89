package results

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Mark is a statement whose :NAME places are bound from a row.
type Mark struct {
	SQL   string
	Names []string // one for each placeholder
}

// ParseMark replaces :NAME by the system's placeholders, but not in texts, quoted names, comments and
// PostgreSQL's :: casts.
func ParseMark(sql string, bind func(int) string) (Mark, error) {
	m := Mark{}
	m.SQL, m.Names = dialect.Bound(sql, bind)
	if bind(1) == "?" && strings.Count(dialect.Bare(m.SQL), "?") > len(m.Names) {
		return Mark{}, errors.New("a place is written :NAME, not ?")
	}
	return m, nil
}

// args are the row's values for the places.
func (m Mark) args(fields map[string]connectors.Value) ([]any, error) {
	args := make([]any, len(m.Names))
	for i, n := range m.Names {
		v, ok := find(fields, n)
		if !ok {
			return nil, fmt.Errorf("column %s is not in the query", n)
		}
		switch v.Kind {
		case connectors.Null, connectors.Missing:
		case connectors.Integer, connectors.Boolean:
			args[i] = v.Int
		case connectors.Binary:
			b, err := dialect.ReadBlob(v.Blob)
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
