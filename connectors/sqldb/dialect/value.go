package dialect

import (
	"bytes"
	"crypto/sha256"
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

// MaxBlob is the most that one binary column gets or gives.
const MaxBlob = 64 << 20

// loose is the column as one that takes what it is given: the mapping says that it may change the value.
func (c *Column) loose() *Column {
	l := *c
	l.Scale, l.Digits, l.Bits, l.Fixed, l.Labels, l.Proof, l.Affinity = AnyScale, 0, 0, asIs, nil, "", ""
	if l.Fam == FamJSON || l.Fam == FamTime || l.Fam == FamEnum || l.Fam == FamSet {
		l.Fam = FamOther
	}
	if l.Fam == FamOther {
		l.Typ = ""
	}
	return &l
}

// Arg turns a value into nil, string, int64 or []byte for a column, exactly or not at all: what a server
// would convert, round, pad or cut without a word is refused here.
func Arg(c *Column, v connectors.Value, zone *time.Location) (any, error) {
	if v.Kind == connectors.Null || v.Kind == connectors.Missing {
		return nil, nil
	}
	if v.Kind == connectors.Binary {
		if c.Fam != FamBinary && c.Typ != "" {
			return nil, &Misfit{CodeWrongType, c.Name}
		}
		return BinaryArg(c, v.Blob)
	}
	switch c.Fam {
	case FamInteger, FamDecimal, FamFloat, FamBit, FamMoney:
		return numberArg(c, v)
	case FamBoolean:
		return BooleanArg(c, v)
	case FamDate, FamDateTime, FamInstant:
		return MomentArg(c, v, zone)
	case FamTime, FamYear, FamEnum, FamSet, FamUUID, FamAddress, FamJSON:
		return wordArg(c, v)
	case FamText, FamBinary:
		s, ok := PlainText(v)
		if !ok {
			return nil, &Misfit{CodeWrongType, c.Name}
		}
		return textArg(c, s)
	}
	return OtherArg(c, v, zone)
}

// PlainText is a value as a text: how the mapping shows it.
func PlainText(v connectors.Value) (string, bool) {
	switch v.Kind {
	case connectors.Text, connectors.Decimal, connectors.Date, connectors.DateTime:
		return v.Str, true
	case connectors.Integer, connectors.Boolean:
		return strconv.FormatInt(v.Int, 10), true
	}
	return "", false
}

// OtherArg is for a parameter of a procedure, whose type is not known, and for types that are tried out by a cast.
func OtherArg(c *Column, v connectors.Value, zone *time.Location) (any, error) {
	switch v.Kind {
	case connectors.Integer, connectors.Boolean:
		if c.Proof != "" {
			return strconv.FormatInt(v.Int, 10), nil
		}
		return v.Int, nil
	case connectors.DateTime:
		return dateTimeArg(c, v.Str, zone)
	}
	s, ok := PlainText(v)
	if !ok {
		return nil, &Misfit{CodeWrongType, c.Name}
	}
	return s, nil
}

func textArg(c *Column, s string) (any, error) {
	if c.Encoded != nil {
		if _, exact := c.Encoded(s); !exact {
			return nil, &Misfit{CodeCharset, c.Name}
		}
	}
	if c.Length > 0 && len(s) > c.Length && textLength(c, s) > c.Length { // never more characters than bytes
		return nil, &Misfit{CodeTooLong, c.Name}
	}
	if c.Fixed != asIs {
		short, blank := textLength(c, s) < c.Length, strings.HasSuffix(s, " ")
		if c.Fixed == Trimmed && blank || c.Fixed == Filled && short && blank || c.Fixed == ZeroFill && short {
			return nil, &Misfit{CodeNotExact, c.Name}
		}
	}
	if c.Fam == FamBinary {
		return []byte(s), nil
	}
	return s, nil
}

// textLength counts in the unit that the column counts in; trailing blanks beyond char(n) count too.
func textLength(c *Column, s string) int {
	switch {
	case c.Bytes && c.Encoded != nil:
		n, _ := c.Encoded(s)
		return n
	case c.Bytes:
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// numberArg is a number for a column that keeps all of it: decimals, significant digits and what a binary
// floating-point number can be. A text is one only as a number is written: 01067 would lose its zero.
func numberArg(c *Column, v connectors.Value) (any, error) {
	if c.Fam == FamBit && (v.Int < 0 || strings.HasPrefix(v.Str, "-")) { // its sign would become bits
		return nil, &Misfit{CodeWrongType, c.Name}
	}
	if v.Kind == connectors.Integer && c.Bits == 0 && c.Digits == 0 && (c.Scale >= 0 || c.Scale == AnyScale) {
		return v.Int, nil
	}
	s, ok := PlainText(v)
	if !ok || !isNumber(s) {
		return nil, &Misfit{CodeWrongType, c.Name}
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if v.Kind == connectors.Text && (len(whole) > 1 && whole[0] == '0' || s[0] == '-' && strings.Trim(s, "-0.") == "") {
		return nil, &Misfit{CodeNotExact, c.Name}
	}
	frac = strings.TrimRight(frac, "0")
	scale := c.Scale
	if c.Fam == FamInteger || c.Fam == FamBit {
		scale = 0
	}
	if scale != AnyScale && !fitsScale(whole, frac, scale) {
		return nil, &Misfit{CodeNotExact, c.Name}
	}
	if c.Digits > 0 && significant(whole, frac) > c.Digits || c.Bits > 0 && !BinaryExact(s, c.Bits, c.Digits) {
		return nil, &Misfit{CodeNotExact, c.Name}
	}
	switch {
	case v.Kind == connectors.Integer || v.Kind == connectors.Boolean:
		return v.Int, nil
	case c.Fam == FamBit:
		n, err := strconv.ParseInt(strings.SplitN(s, ".", 2)[0], 10, 64)
		if err != nil {
			return nil, &Misfit{CodeWrongType, c.Name}
		}
		return n, nil
	case c.Fam == FamInteger:
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

// BinaryExact reports whether the shortest text of the nearest floating-point number is this number, and also the text of
// so many significant digits, where the system shows no more: the smallest numbers have fewer than that.
func BinaryExact(s string, bits, digits int) bool {
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

// BooleanArg is true or false.
func BooleanArg(c *Column, v connectors.Value) (any, error) {
	switch {
	case v.Kind == connectors.Boolean, v.Kind == connectors.Integer && v.Int&^1 == 0:
		return v.Int, nil
	case v.Kind == connectors.Text:
		return v.Str, nil // the server takes its own words, and no others
	}
	return nil, &Misfit{CodeWrongType, c.Name}
}

// MomentArg is a date or a moment.
func MomentArg(c *Column, v connectors.Value, zone *time.Location) (any, error) {
	v, err := AsMoment(c, v)
	if err != nil {
		return nil, err
	}
	if v.Kind == connectors.Date && c.Fam != FamInstant { // there it is its midnight
		return v.Str, nil
	}
	return dateTimeArg(c, v.Str, zone)
}

// AsMoment takes a text for a date or a moment only as ISO 8601 writes it, because servers guess at others and drop an
// offset. Decimals of a second that the column does not keep are refused.
func AsMoment(c *Column, v connectors.Value) (connectors.Value, error) {
	if v.Kind == connectors.Text && len(v.Str) > len(time.DateOnly) {
		v.Kind, v.Str = connectors.DateTime, strings.Replace(v.Str, " ", "T", 1)
	} else if v.Kind == connectors.Text {
		if _, err := time.Parse(time.DateOnly, v.Str); err == nil {
			v.Kind = connectors.Date
		}
	}
	switch {
	case v.Kind != connectors.Date && v.Kind != connectors.DateTime:
		return v, &Misfit{CodeWrongType, c.Name}
	case v.Kind == connectors.DateTime && c.Fam != FamDate && c.Scale != AnyScale && fraction(v.Str) > c.Scale:
		return v, &Misfit{CodeNotExact, c.Name}
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
func dateTimeArg(c *Column, s string, zone *time.Location) (any, error) {
	switch c.Fam {
	case FamDateTime, FamDate:
		t, zoned, err := parseDateTime(s)
		if err != nil {
			return nil, &Misfit{CodeWrongType, c.Name}
		}
		if zoned {
			t = t.In(zone)
		}
		if _, _, times := connectors.Moments(t, zone); c.Fam == FamDateTime && (zoned && times != 1 || times == 0) {
			return nil, &Misfit{CodeClockChange, c.Name}
		}
		if c.Fam == FamDate {
			if h, m, sec := t.Clock(); h+m+sec+t.Nanosecond() != 0 {
				return nil, &Misfit{CodeNotExact, c.Name}
			}
			return t.Format("2006-01-02"), nil
		}
		return t.Format("2006-01-02 15:04:05.999999999"), nil
	case FamInstant:
		t, err := MomentOf(c, s, zone)
		if err != nil {
			return nil, err
		}
		return t.Format("2006-01-02 15:04:05.999999999-07:00"), nil
	}
	return s, nil
}

// MomentOf reads a moment for a column with a zone; local time counts in the target's zone.
func MomentOf(c *Column, s string, zone *time.Location) (time.Time, error) {
	t, zoned, err := parseDateTime(s)
	if err != nil {
		return t, &Misfit{CodeWrongType, c.Name}
	}
	if !zoned {
		times := 0
		if t, _, times = connectors.Moments(t, zone); times != 1 {
			return t, &Misfit{CodeClockChange, c.Name}
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

// BinaryArg is a document.
func BinaryArg(c *Column, b *connectors.Blob) (any, error) {
	if b == nil || b.Open == nil {
		return nil, &Misfit{CodeWrongType, c.Name}
	}
	if b.Size > MaxBlob {
		return nil, &Misfit{CodeTooLarge, c.Name}
	}
	data, err := ReadBlob(b)
	switch {
	case err != nil || b.Digest != connectors.Digest{} && b.Digest != sha256.Sum256(data):
		return nil, &Misfit{CodeContent, c.Name}
	case len(data) > MaxBlob:
		return nil, &Misfit{CodeTooLarge, c.Name}
	}
	if c.Fixed == ZeroFill && len(data) < c.Length {
		return nil, &Misfit{CodeNotExact, c.Name}
	}
	return data, nil
}

// KeyText is a value as part of a comparison of keys within one group.
func KeyText(v connectors.Value) string {
	switch v.Kind {
	case connectors.Integer, connectors.Boolean:
		return strconv.FormatInt(v.Int, 10)
	case connectors.Binary:
		if v.Blob != nil && v.Blob.Digest != (connectors.Digest{}) {
			return string(v.Blob.Digest[:])
		}
	case connectors.Null, connectors.Missing:
		return "\x00"
	}
	return v.Str
}

// ZonedType is in the names of Oracle's types with a zone, as go-ora gives them.
const ZonedType = "TZ"

// Cell turns what a driver gave into a value; typ is the driver's name of the column's type.
func Cell(typ string, v any) connectors.Value {
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
		return Boolean(x)
	case time.Time:
		if FamilyOf(typ) == FamDate {
			return connectors.Value{Kind: connectors.Date, Str: x.Format("2006-01-02")}
		}
		if strings.Contains(typ, ZonedType) {
			return connectors.Value{Kind: connectors.DateTime, Str: x.Format(time.RFC3339Nano)}
		}
		return connectors.Value{Kind: connectors.DateTime, Str: x.Format("2006-01-02T15:04:05.999999999")}
	case string:
		return CellText(FamilyOf(typ), x)
	case []byte:
		if strings.EqualFold(typ, "BIT") && len(x) <= 8 {
			return Cell(typ, binary.BigEndian.Uint64(append(make([]byte, 8-len(x), 8), x...)))
		}
		if FamilyOf(typ) == FamBinary {
			b := connectors.BytesBlob(append([]byte(nil), x...))
			return connectors.Value{Kind: connectors.Binary, Blob: &b}
		}
		return CellText(FamilyOf(typ), string(x))
	}
	return connectors.Value{Kind: connectors.Text, Str: strings.ToValidUTF8(fmt.Sprint(v), "\uFFFD")}
}

// Boolean is a value.
func Boolean(b bool) connectors.Value {
	if b {
		return connectors.Value{Kind: connectors.Boolean, Int: 1}
	}
	return connectors.Value{Kind: connectors.Boolean}
}

// CellText reads the text form of a column of a family.
func CellText(f Family, s string) connectors.Value {
	switch f {
	case FamInteger:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return connectors.Value{Kind: connectors.Integer, Int: n}
		}
		return connectors.Value{Kind: connectors.Decimal, Str: s}
	case FamDecimal:
		if isNumber(s) {
			return connectors.Value{Kind: connectors.Decimal, Str: s}
		}
	case FamDate:
		if len(s) == 10 {
			return connectors.Value{Kind: connectors.Date, Str: s}
		}
	case FamDateTime, FamInstant:
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

// AsInt reads a number without its decimals, in whatever form it came.
func AsInt(v connectors.Value) int64 {
	if v.Kind == connectors.Integer {
		return v.Int
	}
	whole, _, _ := strings.Cut(v.Str, ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	return n
}

// ReadBlob reads a document whole; of one that is too large somewhat more than it may have.
func ReadBlob(b *connectors.Blob) ([]byte, error) {
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var data bytes.Buffer
	data.Grow(int(min(b.Size, MaxBlob)) + bytes.MinRead) // or it is held twice
	_, err = data.ReadFrom(io.LimitReader(r, MaxBlob+1))
	return data.Bytes(), err
}
