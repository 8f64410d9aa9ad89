package sqldb

import (
	"encoding/binary"
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

// loose is the column as one that takes what it is given: the mapping says that it may change the value.
func (c *column) loose() *column {
	l := *c
	l.scale, l.digits, l.bits, l.fixed, l.labels, l.proof, l.affinity = anyScale, 0, 0, asIs, nil, "", ""
	if l.fam == famJSON || l.fam == famTime || l.fam == famEnum || l.fam == famSet {
		l.fam = famOther
	}
	if l.fam == famOther {
		l.typ = ""
	}
	return &l
}

// arg turns a value into nil, string, int64 or []byte for a column, exactly or not at all: what a server
// would convert, round, pad or cut without a word is refused here.
func arg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	if v.Kind == connectors.Null || v.Kind == connectors.Missing {
		return nil, nil
	}
	if v.Kind == connectors.Binary {
		if c.fam != famBinary && c.typ != "" {
			return nil, &misfit{CodeWrongType, c.name}
		}
		return binaryArg(c, v.Blob)
	}
	switch c.fam {
	case famInteger, famDecimal, famFloat, famBit, famMoney:
		return numberArg(c, v)
	case famBoolean:
		return booleanArg(c, v)
	case famDate, famDateTime, famInstant:
		return momentArg(c, v, zone)
	case famTime, famYear, famEnum, famSet, famUUID, famAddress, famJSON:
		return wordArg(c, v)
	case famText, famBinary:
		s, ok := plainText(v)
		if !ok {
			return nil, &misfit{CodeWrongType, c.name}
		}
		return textArg(c, s)
	}
	return otherArg(c, v, zone)
}

// plainText is a value as a text: how the mapping shows it.
func plainText(v connectors.Value) (string, bool) {
	switch v.Kind {
	case connectors.Text, connectors.Decimal, connectors.Date, connectors.DateTime:
		return v.Str, true
	case connectors.Integer, connectors.Boolean:
		return strconv.FormatInt(v.Int, 10), true
	}
	return "", false
}

// otherArg is for a parameter of a procedure, whose type is not known, and for types that are tried out by a cast.
func otherArg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	switch v.Kind {
	case connectors.Integer, connectors.Boolean:
		if c.proof != "" {
			return strconv.FormatInt(v.Int, 10), nil
		}
		return v.Int, nil
	case connectors.DateTime:
		return dateTimeArg(c, v.Str, zone)
	}
	s, ok := plainText(v)
	if !ok {
		return nil, &misfit{CodeWrongType, c.name}
	}
	return s, nil
}

func textArg(c *column, s string) (any, error) {
	if c.length > 0 && len(s) > c.length && textLength(c, s) > c.length { // never more characters than bytes
		return nil, &misfit{CodeTooLong, c.name}
	}
	if c.fixed != asIs {
		short, blank := textLength(c, s) < c.length, strings.HasSuffix(s, " ")
		if c.fixed == trimmed && blank || c.fixed == filled && short && blank || c.fixed == zeroFill && short {
			return nil, &misfit{CodeNotExact, c.name}
		}
	}
	if c.fam == famBinary {
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

// numberArg is a number for a column that keeps all of it: decimals, significant digits and what a binary
// floating-point number can be. A text is one only as a number is written: 01067 would lose its zero.
func numberArg(c *column, v connectors.Value) (any, error) {
	if c.fam == famBit && (v.Int < 0 || strings.HasPrefix(v.Str, "-")) { // its sign would become bits
		return nil, &misfit{CodeWrongType, c.name}
	}
	if v.Kind == connectors.Integer && c.bits == 0 && c.digits == 0 && (c.scale >= 0 || c.scale == anyScale) {
		return v.Int, nil
	}
	s, ok := plainText(v)
	if !ok || !isNumber(s) {
		return nil, &misfit{CodeWrongType, c.name}
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if v.Kind == connectors.Text && (len(whole) > 1 && whole[0] == '0' || s[0] == '-' && strings.Trim(s, "-0.") == "") {
		return nil, &misfit{CodeNotExact, c.name}
	}
	frac = strings.TrimRight(frac, "0")
	scale := c.scale
	if c.fam == famInteger || c.fam == famBit {
		scale = 0
	}
	if scale != anyScale && !fitsScale(whole, frac, scale) {
		return nil, &misfit{CodeNotExact, c.name}
	}
	if c.digits > 0 && significant(whole, frac) > c.digits || c.bits > 0 && !binaryExact(s, c.bits, c.digits) {
		return nil, &misfit{CodeNotExact, c.name}
	}
	switch {
	case v.Kind == connectors.Integer || v.Kind == connectors.Boolean:
		return v.Int, nil
	case c.fam == famBit:
		n, err := strconv.ParseInt(strings.SplitN(s, ".", 2)[0], 10, 64)
		if err != nil {
			return nil, &misfit{CodeWrongType, c.name}
		}
		return n, nil
	case c.fam == famInteger:
		whole, _, _ := strings.Cut(s, ".")
		return whole, nil
	}
	return s, nil
}

// significant counts the digits that say what a number is worth.
func significant(whole, frac string) int {
	digits := strings.TrimLeft(whole+frac, "0")
	if frac == "" {
		digits = strings.TrimRight(digits, "0")
	}
	return len(digits)
}

// fitsScale reports whether a number keeps all its digits: a negative scale rounds to tens, hundreds and so on.
func fitsScale(whole, frac string, scale int) bool {
	if scale >= 0 {
		return len(frac) <= scale
	}
	return frac == "" && strings.Trim(whole[max(0, len(whole)+scale):], "0") == ""
}

// binaryExact reports whether the shortest text of the nearest floating-point number is this number, and also the text of
// so many significant digits, where the system shows no more: the smallest numbers have fewer than that.
func binaryExact(s string, bits, digits int) bool {
	f, err := strconv.ParseFloat(s, bits)
	if err != nil {
		return false
	}
	if digits > 0 {
		shown, power, _ := strings.Cut(strconv.FormatFloat(f, 'e', digits-1, 64), "e")
		if strings.TrimRight(strings.TrimRight(shown, "0"), ".")+"e"+power != strconv.FormatFloat(f, 'e', -1, bits) {
			return false
		}
	}
	shortest := strconv.FormatFloat(f, 'f', -1, bits)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return strings.TrimPrefix(s, "-") == strings.TrimPrefix(shortest, "-")
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

func booleanArg(c *column, v connectors.Value) (any, error) {
	switch {
	case v.Kind == connectors.Boolean, v.Kind == connectors.Integer && v.Int&^1 == 0:
		return v.Int, nil
	case v.Kind == connectors.Text:
		return v.Str, nil // the server takes its own words, and no others
	}
	return nil, &misfit{CodeWrongType, c.name}
}

// momentArg is a date or a moment.
func momentArg(c *column, v connectors.Value, zone *time.Location) (any, error) {
	v, err := asMoment(c, v)
	if err != nil {
		return nil, err
	}
	if v.Kind == connectors.Date && c.fam != famInstant { // there it is its midnight
		return v.Str, nil
	}
	return dateTimeArg(c, v.Str, zone)
}

// asMoment takes a text for a date or a moment only as ISO 8601 writes it, because servers guess at others and drop an
// offset. Decimals of a second that the column does not keep are refused.
func asMoment(c *column, v connectors.Value) (connectors.Value, error) {
	if v.Kind == connectors.Text && len(v.Str) > len(time.DateOnly) {
		v.Kind, v.Str = connectors.DateTime, strings.Replace(v.Str, " ", "T", 1)
	} else if v.Kind == connectors.Text {
		if _, err := time.Parse(time.DateOnly, v.Str); err == nil {
			v.Kind = connectors.Date
		}
	}
	switch {
	case v.Kind != connectors.Date && v.Kind != connectors.DateTime:
		return v, &misfit{CodeWrongType, c.name}
	case v.Kind == connectors.DateTime && c.fam != famDate && c.scale != anyScale && fraction(v.Str) > c.scale:
		return v, &misfit{CodeNotExact, c.name}
	}
	return v, nil
}

// fraction counts the decimals of a second in a text with a time.
func fraction(s string) int {
	i := strings.IndexByte(s, '.')
	if i < 0 {
		return 0
	}
	s = s[i+1:]
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return len(strings.TrimRight(s[:n], "0"))
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
	if c.fixed == zeroFill && len(data) < c.length {
		return nil, &misfit{CodeNotExact, c.name}
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
		if strings.EqualFold(typ, "BIT") && len(x) <= 8 {
			return cell(typ, binary.BigEndian.Uint64(append(make([]byte, 8-len(x), 8), x...)))
		}
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

// asInt reads a whole number in whatever form it came.
func asInt(v connectors.Value) int64 {
	if v.Kind == connectors.Integer {
		return v.Int
	}
	n, _ := strconv.ParseInt(v.Str, 10, 64)
	return n
}
