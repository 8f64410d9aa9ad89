package dialect

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

var (
	timeOfDay = regexp.MustCompile(`^-?[0-9]{2,3}:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$`)
	timeZoned = regexp.MustCompile(`^[0-9]{2}:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$`)
	year      = regexp.MustCompile(`^[0-9]{4}$`)
)

// wordArg is a text for a column that takes only certain texts, in a form in which it means the same to the server. The
// server would guess at others: 5 is the fifth label of an enum and the year 2005, 1112 is eleven minutes past midnight; a
// second 60 becomes the next minute's first, and a time without an offset gets the session's.
func wordArg(c *Column, v connectors.Value) (any, error) {
	s, ok := PlainText(v)
	if !ok {
		return nil, &Misfit{CodeWrongType, c.Name}
	}
	code := CodeWrongType
	switch c.Fam {
	case FamTime:
		pattern := timeOfDay
		if c.Typ == "timetz" {
			pattern = timeZoned
		}
		ok = v.Kind == connectors.Text && pattern.MatchString(s)
		if ok && c.Scale != AnyScale && fraction(s) > c.Scale {
			ok, code = false, CodeNotExact
		}
	case FamYear:
		if ok = year.MatchString(s); ok && c.Length == 2 && (s < "1970" || s > "2069") { // it keeps two digits
			ok, code = false, CodeNotExact
		}
	case FamEnum:
		ok = slices.Contains(c.Labels, s)
	case FamSet:
		ok = isSet(c.Labels, s)
	case FamUUID:
		ok = isUUID(s)
	case FamAddress:
		a, err := netip.ParseAddr(s)
		if ok = err == nil && a.Zone() == ""; !ok {
			_, err = netip.ParsePrefix(s)
			ok = err == nil
		}
	case FamJSON:
		if err := exactJSON(s, c.Bits == 64); errors.Is(err, errLossy) {
			ok, code = false, CodeNotExact
		} else {
			ok = err == nil
		}
	}
	if !ok {
		return nil, &Misfit{code, c.Name}
	}
	return s, nil
}

// isSet reports a list of labels without repeats.
func isSet(labels []string, s string) bool {
	if s == "" {
		return true
	}
	seen := map[string]bool{}
	for _, one := range strings.Split(s, ",") {
		if seen[one] || !slices.Contains(labels, one) {
			return false
		}
		seen[one] = true
	}
	return true
}

func isUUID(s string) bool {
	s = strings.ReplaceAll(s, "-", "")
	return len(s) == 32 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// errLossy says that a JSON text holds more than its value.
var errLossy = errors.New("a name twice, or a number that is not kept")

// exactJSON reports whether a JSON text is kept whole by a column that keeps its value: the order of names and blanks
// between values are not part of it, but of two members of one name only the last would stay. With floats numbers are kept as
// binary floating-point ones.
func exactJSON(s string, floats bool) error {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if err := jsonValue(d, floats); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

func jsonValue(d *json.Decoder, floats bool) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Number:
		return jsonNumber(t.String(), floats)
	case json.Delim:
		names := map[string]bool{}
		for d.More() {
			if t == '{' {
				name, err := d.Token()
				if err != nil {
					return err
				}
				if names[name.(string)] {
					return errLossy
				}
				names[name.(string)] = true
			}
			if err := jsonValue(d, floats); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

// jsonNumber: whole numbers of up to 18 digits are kept everywhere, others may become floating-point.
func jsonNumber(s string, floats bool) error {
	if !floats || digits(strings.TrimPrefix(s, "-")) && len(s) <= 18 || isNumber(s) && BinaryExact(s, 64, 0) {
		return nil
	}
	return errLossy
}
