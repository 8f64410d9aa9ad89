package straight

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Same tells whether what a driver read is what a value says: texts and bytes to the last one, numbers by what they
// are worth, moments as moments. zone is that of columns without one.
func Same(want connectors.Value, got any, zone *time.Location) (bool, error) {
	switch want.Kind {
	case connectors.Null, connectors.Missing:
		return got == nil, nil
	case connectors.Binary:
		return sameBytes(want.Blob, got)
	}
	if got == nil {
		return false, nil
	}
	switch want.Kind {
	case connectors.Integer, connectors.Boolean:
		return sameNumber(strconv.FormatInt(want.Int, 10), got), nil
	case connectors.Decimal:
		return sameNumber(want.Str, got), nil
	case connectors.Date:
		t, ok := momentOf(got, zone)
		hour, minute, second := t.Clock()
		return ok && t.Format(time.DateOnly) == want.Str && hour+minute+second+t.Nanosecond() == 0, nil
	case connectors.DateTime:
		w, ok := momentOf(want.Str, zone)
		g, is := momentOf(got, zone)
		return ok && is && w.Equal(g), nil
	}
	if n, isNumber := got.(float64); isNumber {
		return want.Str == strconv.FormatFloat(n, 'f', -1, 64), nil
	}
	return textOf(got) == want.Str, nil
}

func sameBytes(b *connectors.Blob, got any) (bool, error) {
	r, err := b.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	want, err := io.ReadAll(r)
	if err != nil {
		return false, err
	}
	have, ok := got.([]byte)
	return ok && bytes.Equal(have, want), nil
}

// sameNumber compares exactly; a float counts as its shortest decimal.
func sameNumber(want string, got any) bool {
	w, ok := new(big.Rat).SetString(want)
	if !ok {
		return false
	}
	switch x := got.(type) {
	case bool:
		return x == (w.Sign() != 0)
	case float32:
		got = strconv.FormatFloat(float64(x), 'f', -1, 32)
	case float64:
		got = strconv.FormatFloat(x, 'f', -1, 64)
	}
	g, ok := new(big.Rat).SetString(textOf(got))
	return ok && w.Cmp(g) == 0
}

func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []byte:
		return string(x)
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// momentOf reads a moment; one that names no zone is in zone. Drivers give columns without a zone as UTC.
func momentOf(v any, zone *time.Location) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	s := strings.Replace(textOf(v), " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z07"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// valueOf is what a driver read as a value that a mapping may go on with.
func valueOf(v any) connectors.Value {
	switch x := v.(type) {
	case nil:
		return connectors.Value{Kind: connectors.Null}
	case int64:
		return connectors.Value{Kind: connectors.Integer, Int: x}
	case int32:
		return connectors.Value{Kind: connectors.Integer, Int: int64(x)}
	}
	return connectors.Value{Kind: connectors.Text, Str: textOf(v)}
}
