package sqldb

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
)

// maxBlob is the most that one binary column gets or gives.
const maxBlob = 64 << 20

// misfit is a value that its column would refuse, round or cut. It names no data.
type misfit struct {
	code   string
	column string
}

func (m *misfit) Error() string { return m.code + " in column " + m.column }

// arg turns a value into nil, string, int64 or []byte for a column, exactly or not at all: what a server
// would round or cut without a word is refused here.
func arg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	switch v.Kind {
	case connectors.Null, connectors.Missing:
		return nil, nil
	case connectors.Integer:
		return v.Int, nil
	case connectors.Boolean:
		return v.Int, nil
	case connectors.Decimal:
		return decimalArg(c, v.Str)
	case connectors.Text:
		if iso, zoned := isoText(c, v.Str); iso {
			x, err := dateTimeArg(c, v.Str, zone)
			if zoned || err != nil || c.fam == famInstant {
				return x, err
			}
		}
		return textArg(c, v.Str)
	case connectors.Date:
		if c.fam == famInstant { // its midnight
			return dateTimeArg(c, v.Str, zone)
		}
		return v.Str, nil
	case connectors.DateTime:
		return dateTimeArg(c, v.Str, zone)
	case connectors.Binary:
		return binaryArg(c, v.Blob)
	}
	return nil, &misfit{CodeWrongType, c.name}
}

func textArg(c *column, s string) (any, error) {
	if c.length > 0 && (c.fam == famText) && textLength(c, s) > c.length {
		return nil, &misfit{CodeTooLong, c.name}
	}
	switch c.fam {
	case famInteger, famDecimal:
		if !isNumber(s) {
			return nil, &misfit{CodeWrongType, c.name}
		}
		return decimalArg(c, s)
	case famBinary:
		return []byte(s), nil
	}
	return s, nil
}

// textLength counts in the unit that the column counts in; trailing blanks beyond char(n) count too.
func textLength(c *column, s string) int {
	if c.bytes {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

func decimalArg(c *column, s string) (any, error) {
	scale := c.scale
	if c.fam == famInteger {
		scale = 0
	}
	if (c.fam == famInteger || c.fam == famDecimal) && scale >= 0 {
		if _, frac, ok := strings.Cut(s, "."); ok && len(strings.TrimRight(frac, "0")) > scale {
			return nil, &misfit{CodeNotExact, c.name}
		}
	}
	if c.fam == famInteger {
		whole, _, _ := strings.Cut(s, ".")
		return whole, nil
	}
	return s, nil
}

// isNumber accepts what a Decimal's canonical text looks like: -?digits[.digits].
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(s, ".")
	return digits(whole) && (!point || digits(frac))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// dateTimeArg turns a moment into the clock of a column without a zone, and local time into the moment of a
// column with one. What clocks show twice, or skip, is refused here: a server would choose in silence.
func dateTimeArg(c *column, s string, zone *time.Location) (any, error) {
	switch c.fam {
	case famDateTime, famDate:
		t, zoned, err := parseDateTime(s)
		if err != nil {
			return nil, &misfit{CodeWrongType, c.name}
		}
		if zoned {
			t = t.In(zone)
		}
		if _, _, times := connectors.Moments(t, zone); c.fam == famDateTime && (zoned && times != 1 || times == 0) {
			return nil, &misfit{CodeClockChange, c.name}
		}
		if c.fam == famDate {
			if h, m, sec := t.Clock(); h+m+sec+t.Nanosecond() != 0 {
				return nil, &misfit{CodeNotExact, c.name}
			}
			return t.Format("2006-01-02"), nil
		}
		return t.Format("2006-01-02 15:04:05.999999999"), nil
	case famInstant:
		t, err := momentOf(c, s, zone)
		if err != nil {
			return nil, err
		}
		return t.Format("2006-01-02 15:04:05.999999999-07:00"), nil
	}
	return s, nil
}

// momentOf reads a moment for a column with a zone; local time counts in the target's zone.
func momentOf(c *column, s string, zone *time.Location) (time.Time, error) {
	t, zoned, err := parseDateTime(s)
	if err != nil {
		return t, &misfit{CodeWrongType, c.name}
	}
	if !zoned {
		times := 0
		if t, _, times = connectors.Moments(t, zone); times != 1 {
			return t, &misfit{CodeClockChange, c.name}
		}
	}
	if _, offset := t.Zone(); offset%60 != 0 { // clocks before the age of railways
		t = t.UTC()
	}
	return t, nil
}

// isoText tells whether a text for a column of date and time is ISO 8601: a server would take its clock and forget its
// offset, or guess its moment. A day alone has no time that clocks could skip.
func isoText(c *column, s string) (iso, zoned bool) {
	if c.fam != famDateTime && c.fam != famInstant || s == "" || s[0] < '0' || s[0] > '9' || len(s) <= 10 && c.fam == famDateTime {
		return false, false
	}
	_, zoned, err := parseDateTime(s)
	return err == nil, zoned
}

func parseDateTime(s string) (t time.Time, zoned bool, err error) {
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	if t, err = time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, false, nil
		}
	}
	return time.Time{}, false, errors.New("not a date and time")
}

func binaryArg(c *column, b *connectors.Blob) (any, error) {
	if b == nil || b.Open == nil {
		return nil, &misfit{CodeWrongType, c.name}
	}
	if b.Size > maxBlob {
		return nil, &misfit{CodeTooLarge, c.name}
	}
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxBlob+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBlob {
		return nil, &misfit{CodeTooLarge, c.name}
	}
	return data, nil
}

// keyText is a value as part of a comparison of keys within one group.
func keyText(v connectors.Value) string {
	switch v.Kind {
	case connectors.Integer, connectors.Boolean:
		return strconv.FormatInt(v.Int, 10)
	case connectors.Null, connectors.Missing:
		return "\x00"
	}
	return v.Str
}

// zonedType is in the names of Oracle's types with a zone, as go-ora gives them.
const zonedType = "TZ"

// cell turns what a driver gave into a value; typ is the driver's name of the column's type.
func cell(typ string, v any) connectors.Value {
	switch x := v.(type) {
	case nil:
		return connectors.Value{Kind: connectors.Null}
	case int64:
		return connectors.Value{Kind: connectors.Integer, Int: x}
	case uint64:
		if x > 1<<63-1 {
			return connectors.Value{Kind: connectors.Decimal, Str: strconv.FormatUint(x, 10)}
		}
		return connectors.Value{Kind: connectors.Integer, Int: int64(x)}
	case float32:
		return connectors.Value{Kind: connectors.Decimal, Str: strconv.FormatFloat(float64(x), 'f', -1, 32)}
	case float64:
		return connectors.Value{Kind: connectors.Decimal, Str: strconv.FormatFloat(x, 'f', -1, 64)}
	case bool:
		return boolean(x)
	case time.Time:
		if familyOf(typ) == famDate {
			return connectors.Value{Kind: connectors.Date, Str: x.Format("2006-01-02")}
		}
		if strings.Contains(typ, zonedType) {
			return connectors.Value{Kind: connectors.DateTime, Str: x.Format(time.RFC3339Nano)}
		}
		return connectors.Value{Kind: connectors.DateTime, Str: x.Format("2006-01-02T15:04:05.999999999")}
	case string:
		return cellText(familyOf(typ), x)
	case []byte:
		if familyOf(typ) == famBinary {
			b := connectors.BytesBlob(append([]byte(nil), x...))
			return connectors.Value{Kind: connectors.Binary, Blob: &b}
		}
		return cellText(familyOf(typ), string(x))
	}
	return connectors.Value{Kind: connectors.Text, Str: strings.ToValidUTF8(fmt.Sprint(v), "\uFFFD")}
}

func boolean(b bool) connectors.Value {
	if b {
		return connectors.Value{Kind: connectors.Boolean, Int: 1}
	}
	return connectors.Value{Kind: connectors.Boolean}
}

// cellText reads the text form of a column of a family.
func cellText(f family, s string) connectors.Value {
	switch f {
	case famInteger:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return connectors.Value{Kind: connectors.Integer, Int: n}
		}
		return connectors.Value{Kind: connectors.Decimal, Str: s}
	case famDecimal:
		if isNumber(s) {
			return connectors.Value{Kind: connectors.Decimal, Str: s}
		}
	case famDate:
		if len(s) == 10 {
			return connectors.Value{Kind: connectors.Date, Str: s}
		}
	case famDateTime, famInstant:
		return connectors.Value{Kind: connectors.DateTime, Str: isoDateTime(s)}
	}
	return connectors.Value{Kind: connectors.Text, Str: strings.ToValidUTF8(s, "\uFFFD")}
}

// isoDateTime turns "2006-01-02 15:04:05.5+01" into RFC 3339.
func isoDateTime(s string) string {
	s = strings.Replace(s, " ", "T", 1)
	if len(s) > 19 {
		if i := strings.LastIndexAny(s, "+-"); i >= 19 && len(s)-i == 3 {
			s += ":00"
		}
	}
	return s
}
