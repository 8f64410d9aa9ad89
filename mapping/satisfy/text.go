package satisfy

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// samples are texts of each format, of several lengths.
var samples = map[string][]string{
	"date": {"2000-02-29", "1999-12-31"}, "time": {"23:58:59Z", "23:58:59+01:00", "23:58:59.5Z"},
	"date-time": {"1999-12-31T23:58:59Z", "1999-12-31T23:58:59+01:00", "1999-12-31T23:58:59.5Z"},
	"duration":  {"P1D", "PT1H"}, "period": {"1999-12-31T00:00:00Z/P1D"}, "email": {"a@b.example", "a@b", "someone.else@mail.example.org"},
	"hostname": {"a", "host.example"}, "ipv4": {"1.2.3.4", "192.0.2.111"}, "ipv6": {"::", "2001:db8::1"}, "uuid": {"01234567-89ab-4def-8123-456789abcdef"},
	"uri": {"a:b", "https://a.example/b"}, "iri": {"a:b", "https://a.example/b"}, "uri-reference": {"", "a"}, "iri-reference": {"", "a"},
	"uri-template": {"", "a"}, "json-pointer": {"", "/a"}, "relative-json-pointer": {"0", "1/a"}, "regex": {"", "a"}, "semver": {"1.2.3"},
}

// shapes are patterns that every text of a format matches.
var shapes = map[string]string{"date": `^\d{4}-\d\d-\d\d$`, "date-time": `(?s)^.{20}`, "time": `(?s)^.{9}`, "uuid": `^[0-9a-fA-F-]{36}$`,
	"ipv4": `^[^.]+(?:\.[^.]+){3}$`, "email": `(?s)@.`, "ipv6": `:`, "duration": `(?s)^P.`}

// text makes a text: a sample of its format, or what all its patterns and lengths leave.
func (v *solver) text(b *branch) finding {
	t := texts{high: -1, steps: min(maxChars, v.steps), accept: func(s string) bool { return b.takes(s) && b.reads(s) }}
	at := v.rulesOfTexts(b, &t)
	if t.high >= 0 && t.low > t.high {
		return excluded(at, "minLength is more than maxLength")
	}
	tries, formats := []string{strings.Repeat("x", min(t.low, maxText))}, map[string]bool{}
	for _, s := range b.plain {
		if s.Format != nil {
			tries, formats[s.Format.Name] = append(tries, samples[s.Format.Name]...), true
		}
	}
	for _, s := range b.fails {
		if s.Format != nil && formats[s.Format.Name] {
			return excluded(at, "it must have and may not have the format "+s.Format.Name)
		}
	}
	for _, s := range tries {
		if n := utf8.RuneCountInString(s); n >= t.low && (t.high < 0 || n <= t.high) && t.accept(s) {
			return finding{state: found, value: s}
		}
	}
	before := t.steps
	text, ok, all := t.find()
	v.steps -= before - max(t.steps, 0)
	switch {
	case ok:
		return finding{state: found, value: text}
	case all:
		return excluded(at, "no text has a length and form that keep all its rules")
	}
	return finding{}
}

// rulesOfTexts gives a search for texts what a branch says of them, and returns who said something last.
func (v *solver) rulesOfTexts(b *branch, t *texts) (at *jsonschema.Schema) {
	pattern := func(p jsonschema.Regexp, match bool) {
		text := p.String()
		if v.o.Pattern != nil {
			text = v.o.Pattern(p)
		}
		t.add(text, match)
	}
	at = b.plain[0]
	for _, s := range b.plain {
		if s.MinLength != nil || s.MaxLength != nil || s.Pattern != nil || s.Format != nil {
			at = s
		}
		if s.MinLength != nil {
			t.low = max(t.low, *s.MinLength)
		}
		if s.MaxLength != nil && (t.high < 0 || *s.MaxLength < t.high) {
			t.high = *s.MaxLength
		}
		if s.Pattern != nil {
			pattern(s.Pattern, true)
		}
		if s.Format != nil && shapes[s.Format.Name] != "" {
			t.add(shapes[s.Format.Name], true)
		}
	}
	for _, s := range b.fails {
		if s.Pattern != nil {
			pattern(s.Pattern, false)
		}
	}
	for _, x := range b.avoid {
		if s, ok := x.(string); ok {
			t.add(`^`+regexp.QuoteMeta(s)+`$`, false)
		}
	}
	return at
}

// reads tells whether a text keeps what only the validator knows of texts.
func (b *branch) reads(text string) bool {
	for _, s := range b.plain {
		one := jsonschema.Schema{DraftVersion: s.DraftVersion, Format: s.Format, Pattern: s.Pattern, ContentEncoding: s.ContentEncoding,
			ContentMediaType: s.ContentMediaType, ContentSchema: s.ContentSchema}
		if one.Validate(text) != nil {
			return false
		}
	}
	return true
}
