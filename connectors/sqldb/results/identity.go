package results

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// identity is what names a row, empty where each part of it is NULL or empty, and how the database spells the columns that it is made of.
func (a *Answers) identity(names []string, fields map[string]connectors.Value) (id string, spelled []string, err error) {
	var parts []string
	named := false
	for _, c := range a.q.ID {
		v, ok := find(fields, c)
		if !ok {
			return "", nil, connectors.Errorf(connectors.TargetError, dialect.CodeQuery, "ask for results", "select every column that answer.id names", "column %s is not in the query", c)
		}
		text, err := idText(v)
		if err != nil {
			return "", nil, err
		}
		named = named || v.Kind != connectors.Null && text != ""
		if len(a.q.ID) > 1 && v.Kind != connectors.Null {
			text = quoted(text)
		}
		parts = append(parts, strings.ReplaceAll(text, "/", "//"))
		spelled = append(spelled, names[slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, c) })])
	}
	if !named {
		return "", spelled, nil
	}
	return strings.Join(parts, "/"), spelled, nil
}

// idText is a column of an identity as a text: bytes by their digits.
func idText(v connectors.Value) (string, error) {
	switch v.Kind {
	case connectors.Null:
		return "NULL", nil
	case connectors.Binary:
		b, err := dialect.ReadBlob(v.Blob)
		return hex.EncodeToString(b), err
	}
	return dialect.KeyText(v), nil
}

// quoted puts one of several parts in quotes where it could be read as something else, so that no two rows are called the same.
func quoted(text string) string {
	if text == "" || text == "NULL" || strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}
