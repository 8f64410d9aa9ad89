package prove

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// taker is one column that is written to.
type taker struct {
	*connectors.ColumnFacts
	zone *time.Location
}

// open says why it is not sure that the column takes all of a domain, nothing aside; "" where it is.
func (c taker) open(d domain) string {
	if c.Takes == "word" || c.Takes == "text" && c.Charset != "" {
		for _, v := range d.known { // each by itself: bounds would not tell
			if why := c.openKnown(v); why != "" {
				return why
			}
		}
		d.known = nil
	}
	unknown := d.binary > 0 && d.number != nil && d.text != nil
	if c.Takes == "text" || c.Takes == "binary" {
		d.text, d.known, d.number, d.boolean, d.date, d.moment = d.asText(), nil, nil, false, false, nil
	}
	d = together(d)
	if c.Takes == "" {
		return "what a column of type " + c.Type + " makes of a value is not known before there is one"
	}
	if d.binary > 0 {
		if unknown {
			return "what this gives is not known before there is a form; say its type: in the mapping"
		}
		if c.Takes != "binary" || c.Length > 0 && d.binary > c.Length {
			return "bytes may not fit"
		}
	}
	if c.Takes == "text" || c.Takes == "binary" {
		return c.openText(d.text)
	}
	if c.Takes == "uuid" && d.text != nil && d.text.uuid && d.onlyText() {
		return ""
	}
	if d.text != nil || c.Takes == "uuid" {
		return "whether a text can be of type " + c.Type + " is only known of the text; convert it, or say its type:"
	}
	switch c.Takes {
	case "integer", "decimal":
		if d.date || d.moment != nil {
			return "it may be a date"
		}
		if d.boolean {
			d = d.join(domain{number: &numbers{new(big.Rat), big.NewRat(1, 1), 0, true}})
		}
		return c.openNumber(d.number)
	case "boolean":
		if d.number != nil || d.date || d.moment != nil {
			return "it may be something else than true or false"
		}
	case "date", "datetime", "instant":
		return c.openMoment(d)
	case "word":
		if d.number != nil || d.boolean || d.date || d.moment != nil {
			return "it may be none of its words"
		}
	}
	return ""
}

func (c taker) openKnown(v value.Value) string {
	s, ok := v.Text()
	set, named := charset.Lookup(c.Charset)
	switch {
	case c.Takes == "word" && v.Kind == value.KindText && slices.Contains(c.Words, s):
		return ""
	case c.Takes == "word":
		return value.Shown(v) + " is none of its words"
	case ok && named && set.Holds(s):
		facts := *c.ColumnFacts
		facts.Charset = ""
		return taker{&facts, c.zone}.openText(domain{known: []value.Value{v}}.asText())
	}
	return c.openText(domain{known: []value.Value{v}}.asText())
}

// openText compares bounds; bytes are those in UTF-8, than which no character set needs more.
func (c taker) openText(x *texts) string {
	if x == nil {
		return ""
	}
	n, unit := x.most, "characters"
	if c.Bytes || c.Takes == "binary" {
		n, unit = x.bytes, "bytes"
	}
	switch {
	case c.Length > 0 && n >= anyLength:
		return fmt.Sprintf("a text of any length is possible, and the column takes %d %s", c.Length, unit)
	case c.Length > 0 && n > c.Length:
		return fmt.Sprintf("a text of %d %s is possible, and the column takes %d", n, unit, c.Length)
	case c.Whole && !x.trimmed:
		return "a text that ends in a blank is possible, which a column of type " + c.Type + " does not keep; trim() takes it away"
	case c.Charset != "" && x.high >= 0x80 && (c.Charset == "?" || x.set == "" || !within(x.set, c.Charset)):
		return "a character is possible that the column's character set lacks (" + strings.Replace(c.Charset, "?", "its own", 1) + "); say charset: and unmappable: in the mapping"
	}
	return ""
}

func (c taker) openNumber(n *numbers) string {
	if n == nil {
		return ""
	}
	scale := max(c.Scale, -1)
	if scale >= 0 && n.scale > scale {
		return fmt.Sprintf("a number with more than %s is possible", decimals(scale))
	}
	if c.Least != "" {
		least, _ := new(big.Rat).SetString(c.Least)
		most, _ := new(big.Rat).SetString(c.Most)
		if n.least == nil || n.least.Cmp(least) < 0 || n.most == nil || n.most.Cmp(most) > 0 {
			return "a number below " + c.Least + " or above " + c.Most + " is possible"
		}
		return ""
	}
	if c.Unsigned && (n.least == nil || n.least.Sign() < 0) {
		return "a number below 0 is possible"
	}
	if c.Digits >= 1000 {
		return ""
	}
	digits := anyLength
	if n.least != nil && n.most != nil {
		digits = max(wholeDigits(n.least), wholeDigits(n.most))
	}
	switch {
	case c.Digits == 0 && c.Least == "":
		return "how large its numbers may be is not known"
	case digits > c.Digits, c.Precision > 0 && digits+n.scale > c.Precision:
		return fmt.Sprintf("a number with more than %d digits before the point is possible", max(c.Digits-max(c.Scale, 0)*min(c.Precision, 1), 0))
	}
	return ""
}

func decimals(n int) string {
	if n == 1 {
		return "1 decimal"
	}
	return strconv.Itoa(n) + " decimals"
}

func wholeDigits(x *big.Rat) int {
	return len(strings.TrimLeft(new(big.Int).Abs(new(big.Int).Quo(x.Num(), x.Denom())).String(), "0"))
}

func (c taker) openMoment(d domain) string {
	m, steady := d.moment, c.zone == time.UTC
	switch {
	case d.number != nil || d.boolean:
		return "it may be something else than a date"
	case c.Takes == "date" && m != nil:
		return "it may be a date with a time, which a column of type date keeps at midnight only"
	case c.Takes == "instant" && d.date && !steady:
		return "clocks may skip the midnight of a date; " + clocks
	case m == nil:
		return ""
	case c.Scale >= 0 && m.scale > c.Scale:
		return fmt.Sprintf("a time with more than %s of a second is possible; say precision: %d", decimals(c.Scale), c.Scale)
	case !steady && (m.plain || c.Takes == "datetime"):
		return "clocks show some times twice and skip others; " + clocks
	case m.far || c.Takes == "datetime" && m.zoned && !m.now:
		return "a time of the year 9999 may become one of the year 10000 in the target's zone"
	}
	return ""
}

const clocks = "such a form parks, unless the target's zone is UTC"

// Refusal is why a column surely refuses a value.
type refusal struct{ code, why string }

var (
	numeral = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}`)
)

// refuses says why the column surely refuses a value that is there; nil where it may take it.
func (c taker) refuses(v connectors.Value) *refusal {
	switch v.Kind {
	case connectors.Text:
		return c.refusesText(v.Str)
	case connectors.Integer:
		return c.refusesNumber(strconv.FormatInt(v.Int, 10))
	case connectors.Decimal:
		return c.refusesNumber(v.Str)
	case connectors.DateTime:
		return c.refusesMoment(v.Str)
	case connectors.Binary:
		if v.Blob != nil && c.Takes == "binary" && c.Length > 0 && v.Blob.Size > int64(c.Length) {
			return &refusal{"sql.too-long", fmt.Sprintf("%d bytes, and the column takes %d", v.Blob.Size, c.Length)}
		}
	}
	return nil
}

func (c taker) refusesText(s string) *refusal {
	switch c.Takes {
	case "integer", "decimal":
		if !numeral.MatchString(s) {
			return &refusal{"sql.wrong-type", "a text that is no number, and the column is of type " + c.Type}
		}
		return nil
	case "date", "datetime", "instant":
		if !isoDate.MatchString(s) {
			return &refusal{"sql.wrong-type", "a text that is no date, and the column is of type " + c.Type}
		}
		return nil
	case "word":
		if !slices.Contains(c.Words, s) {
			return &refusal{"sql.wrong-type", "none of the words that the column takes"}
		}
		return nil
	case "text", "binary":
	default:
		return nil
	}
	n, unit := utf8.RuneCountInString(s), "characters"
	set, named := charset.Lookup(c.Charset)
	if c.Bytes || c.Takes == "binary" {
		unit = "bytes"
		switch n = len(s); {
		case c.Charset != "" && named:
			n = set.Size(s)
		case c.Charset != "": // how many they are is not known here
			n = 0
		}
	}
	switch {
	case c.Length > 0 && n > c.Length:
		return &refusal{"sql.too-long", fmt.Sprintf("%d %s, and the column takes %d", n, unit, c.Length)}
	case named && c.Charset != "" && !set.Holds(s):
		return &refusal{"sql.charset", "a character that the column's character set lacks (" + c.Charset + ")"}
	case c.Whole && strings.HasSuffix(s, " ") && n < c.Length:
		return &refusal{"sql.not-exact", "a text that ends in a blank, which a column of type " + c.Type + " does not keep"}
	}
	return nil
}

func (c taker) refusesNumber(s string) *refusal {
	x, ok := new(big.Rat).SetString(s)
	if !ok || c.Takes != "integer" && c.Takes != "decimal" {
		return nil
	}
	_, frac, _ := strings.Cut(s, ".")
	if n := len(strings.TrimRight(frac, "0")); c.Scale >= 0 && n > c.Scale {
		return &refusal{"sql.not-exact", fmt.Sprintf("a number with %s, and the column has %s", decimals(n), decimals(c.Scale))}
	}
	if least, ok := new(big.Rat).SetString(c.Least); ok && x.Cmp(least) < 0 {
		return &refusal{"sql.wrong-type", "a number below " + c.Least}
	}
	if most, ok := new(big.Rat).SetString(c.Most); ok && x.Cmp(most) > 0 {
		return &refusal{"sql.wrong-type", "a number above " + c.Most}
	}
	if n := wholeDigits(x); c.Takes == "decimal" && c.Digits > 0 && c.Precision == 0 && n > c.Digits {
		return &refusal{"sql.wrong-type", fmt.Sprintf("a number with %d digits before the point, and the column takes %d", n, c.Digits)}
	}
	if c.Unsigned && x.Sign() < 0 {
		return &refusal{"sql.wrong-type", "a number below 0"}
	}
	return nil
}

func (c taker) refusesMoment(s string) *refusal {
	t, zoned, ok := value.ReadDateTime(s)
	if !ok || c.Takes != "datetime" && c.Takes != "instant" {
		return nil
	}
	_, frac, _ := strings.Cut(s, ".")
	if n := strings.IndexFunc(frac+"Z", func(r rune) bool { return r < '0' || r > '9' }); c.Scale >= 0 && len(strings.TrimRight(frac[:n], "0")) > c.Scale {
		return &refusal{"sql.not-exact", fmt.Sprintf("a time with more decimals of a second than %d", c.Scale)}
	}
	if zoned {
		t = t.In(c.zone)
	}
	if _, _, times := connectors.Moments(t, c.zone); times == 0 && !zoned || times != 1 && (zoned == (c.Takes == "datetime")) {
		return &refusal{"sql.clock-change", "a time that clocks in " + c.zone.String() + " show twice, or skip"}
	}
	return nil
}
