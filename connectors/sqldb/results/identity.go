package results

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// identity is what names a row by the values of its columns, whatever their types make of them; empty where each part is NULL or empty. also
// are its other spellings, and spelled how the database spells the columns that it is made of.
func (a *Answers) identity(names []string, fields map[string]connectors.Value) (id string, also, spelled []string, err error) {
	var parts [][]string
	named, most := false, 1
	for _, c := range a.q.ID {
		v, ok := find(fields, c)
		if !ok {
			return "", nil, nil, connectors.Errorf(connectors.TargetError, dialect.CodeQuery, "ask for results", "select every column that answer.id names", "column %s is not in the query", c)
		}
		texts, err := a.idTexts(v)
		if err != nil {
			return "", nil, nil, err
		}
		named = named || v.Kind != connectors.Null && texts[0] != ""
		for i, text := range texts {
			if len(a.q.ID) > 1 && v.Kind != connectors.Null {
				text = quoted(text)
			}
			texts[i] = strings.ReplaceAll(text, "/", "//")
		}
		parts, most = append(parts, texts), max(most, len(texts))
		spelled = append(spelled, names[slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, c) })])
	}
	if !named {
		return "", nil, spelled, nil
	}
	for n := range most {
		text := make([]string, len(parts))
		for i, texts := range parts {
			text[i] = texts[min(n, len(texts)-1)]
		}
		if one := strings.Join(text, "/"); n == 0 {
			id = one
		} else if one != id && !slices.Contains(also, one) {
			also = append(also, one)
		}
	}
	return id, also, spelled, nil
}

// idTexts is a column of an identity as a text, bytes by their digits: first by its value, then as columns of other types write the
// same value, and as it came. Only what has one meaning in the zone of the database is both a local time and a moment.
func (a *Answers) idTexts(v connectors.Value) ([]string, error) {
	switch v.Kind {
	case connectors.Null:
		return []string{"NULL"}, nil
	case connectors.Binary:
		b, err := dialect.ReadBlob(v.Blob)
		return []string{hex.EncodeToString(b)}, err
	case connectors.Decimal:
		text := v.Str
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return []string{text, v.Str}, nil
	case connectors.Date:
		return []string{v.Str, v.Str + "T00:00:00"}, nil
	case connectors.DateTime:
		return a.timeTexts(v.Str), nil
	}
	return []string{dialect.KeyText(v)}, nil
}

const (
	localForm  = "2006-01-02T15:04:05.999999999"
	momentForm = localForm + "Z"
)

func (a *Answers) timeTexts(text string) []string {
	zone := a.t.Sys.Zone
	if zone == nil {
		zone = time.UTC
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		list := []string{at.UTC().Format(momentForm)}
		if _, _, times := connectors.Moments(at.In(zone), zone); times == 1 {
			list = append(list, at.In(zone).Format(localForm))
		}
		return append(list, text)
	}
	at, err := time.Parse(localForm, text)
	if err != nil {
		return []string{text}
	}
	list := []string{at.Format(localForm)}
	if moment, _, times := connectors.Moments(at, zone); times == 1 {
		list = append(list, moment.UTC().Format(momentForm))
	}
	if day, ok := strings.CutSuffix(list[0], "T00:00:00"); ok {
		list = append(list, day)
	}
	return append(list, text)
}

// quoted puts one of several parts in quotes where it could be read as something else, so that no two rows are called the same.
func quoted(text string) string {
	if text == "" || text == "NULL" || strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}
