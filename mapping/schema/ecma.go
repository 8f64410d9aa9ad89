package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// JSON Schema writes patterns as ECMA-262 does, in its Unicode mode. Go's engine reads another dialect: what means
// something else there is translated, and what has no equal is named, because a pattern that is read in another way
// than its author meant accepts and refuses the wrong forms.

// ecmaError says why a pattern cannot be honoured, and what to write instead.
type ecmaError struct{ message, instead string }

// Error returns the message.
func (e *ecmaError) Error() string { return e.message }

// ecmaPattern is a compiled pattern with the text that its author wrote.
type ecmaPattern struct {
	*regexp.Regexp
	source string
}

// String returns the pattern as it stands in the schema.
func (p ecmaPattern) String() string { return p.source }

// The white space of ECMA-262, and everything else, for the inside of a class.
const (
	ecmaSpace    = `\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	ecmaNotSpace = `\x00-\x08\x0e-\x1f!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	ecmaDot      = `[^\n\r\x{2028}\x{2029}]`
)

// compileECMA compiles a pattern; the error is an *ecmaError.
func compileECMA(pattern string) (ecmaPattern, error) {
	t := ecmaTranslator{in: pattern}
	if err := t.run(); err != nil {
		return ecmaPattern{}, err
	}
	re, err := regexp.Compile(t.out.String())
	switch {
	case err == nil:
		return ecmaPattern{re, pattern}, nil
	case strings.Contains(err.Error(), "repeat count"):
		return ecmaPattern{}, &ecmaError{"a repetition of more than 1000 is not supported", "say maxLength or minLength beside a pattern with * or +"}
	}
	return ecmaPattern{}, &ecmaError{"it is not a regular expression of ECMA-262", "see whether brackets and repetitions are complete"}
}

type ecmaTranslator struct {
	in    string
	at    int
	class bool // inside [ ]
	out   strings.Builder
}

func (t *ecmaTranslator) rest() string { return t.in[t.at:] }

// take writes text in place of the next n bytes.
func (t *ecmaTranslator) take(n int, text string) {
	t.at += n
	t.out.WriteString(text)
}

var emptyRepeat = regexp.MustCompile(`^\{,\d*\}`)

func (t *ecmaTranslator) run() error {
	for t.at < len(t.in) {
		rest := t.rest()
		switch c := rest[0]; {
		case c == '\\':
			if err := t.escape(rest); err != nil {
				return err
			}
		case t.class && c == ']':
			t.class = false
			t.take(1, "]")
		case t.class && c == '[':
			t.take(1, `\[`) // Go would read [: as the beginning of a POSIX class
		case t.class:
			t.copyRune(rest)
		case strings.HasPrefix(rest, "[^]"):
			t.take(3, `[\x00-\x{10ffff}]`)
		case strings.HasPrefix(rest, "[]"):
			t.take(2, `[^\x00-\x{10ffff}]`)
		case c == '[':
			t.class = true
			if t.take(1, "["); strings.HasPrefix(t.rest(), "^") {
				t.take(1, "^")
			}
		case c == '.':
			t.take(1, ecmaDot)
		case strings.HasPrefix(rest, "(?"):
			if err := t.group(rest); err != nil {
				return err
			}
		case emptyRepeat.MatchString(rest):
			return &ecmaError{"{,n} is no repetition in ECMA-262", "write {0,n}"}
		default:
			t.copyRune(rest)
		}
	}
	return nil
}

func (t *ecmaTranslator) copyRune(rest string) {
	_, n := utf8.DecodeRuneInString(rest)
	t.take(n, rest[:n])
}

var namedGroup = regexp.MustCompile(`^\(\?<[A-Za-z_]\w*>`)

// group translates what begins with (?.
func (t *ecmaTranslator) group(rest string) error {
	for _, look := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(rest, look) {
			return &ecmaError{"looking ahead or behind, " + look + "…), is not supported", "give each rule a pattern of its own, by allOf: [{pattern: …}, {not: {pattern: …}}], and lengths by minLength and maxLength"}
		}
	}
	for _, plain := range []string{"(?:", "(?i:", "(?i)"} {
		if strings.HasPrefix(rest, plain) {
			t.take(len(plain), plain)
			return nil
		}
	}
	if name := namedGroup.FindString(rest); name != "" {
		t.take(len(name), "(?P<"+name[3:])
		return nil
	}
	return &ecmaError{"the group " + value.Cut(rest, 4) + "… is not part of ECMA-262", "use ( ) or (?: )"}
}

var (
	hexEscape   = regexp.MustCompile(`^\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\})`)
	surrogates  = regexp.MustCompile(`^\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})`)
	property    = regexp.MustCompile(`^\\([pP])\{(?:(\w+)=)?(\w+)\}`)
	ctrlEscape  = regexp.MustCompile(`^\\c([A-Za-z])`)
	sameEscapes = `dDwWtnrfv`
)

// escape translates what begins with a backslash.
func (t *ecmaTranslator) escape(rest string) error {
	if len(rest) < 2 {
		return &ecmaError{"it ends in a backslash", `write \\ for a backslash`}
	}
	c := rest[1]
	switch {
	case strings.IndexByte(sameEscapes, c) >= 0, c < utf8.RuneSelf && !isWord(c):
		t.take(2, rest[:2])
	case c == 's' || c == 'S':
		text := map[byte]string{'s': ecmaSpace, 'S': ecmaNotSpace}[c]
		if !t.class {
			text = "[" + text + "]"
		}
		t.take(2, text)
	case c == 'b' && t.class:
		t.take(2, `\x08`)
	case (c == 'b' || c == 'B') && !t.class:
		t.take(2, rest[:2])
	case c == '0' && (len(rest) == 2 || rest[2] < '0' || rest[2] > '9'):
		t.take(2, `\x00`)
	case c >= '1' && c <= '9', c == 'k':
		return &ecmaError{"a reference back to a group, " + rest[:2] + ", is not supported", "write out the alternatives, such as (?:aa|bb)"}
	case c == 'p' || c == 'P':
		return t.property(rest)
	case ctrlEscape.MatchString(rest):
		t.take(3, fmt.Sprintf(`\x%02x`, rest[2]&31))
	default:
		return t.code(rest)
	}
	return nil
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// code translates the number of a character.
func (t *ecmaTranslator) code(rest string) error {
	if m := surrogates.FindStringSubmatch(rest); m != nil {
		high, _ := strconv.ParseInt(m[1], 16, 32)
		low, _ := strconv.ParseInt(m[2], 16, 32)
		t.take(len(m[0]), fmt.Sprintf(`\x{%x}`, 0x10000+(high-0xD800)<<10+low-0xDC00))
		return nil
	}
	if m := hexEscape.FindStringSubmatch(rest); m != nil {
		n, _ := strconv.ParseInt(m[1]+m[2]+m[3], 16, 32)
		if n > unicode.MaxRune || n >= 0xD800 && n < 0xE000 {
			return &ecmaError{m[0] + " is no character by itself", `write \u{1F600} for a character beyond U+FFFF`}
		}
		t.take(len(m[0]), fmt.Sprintf(`\x{%x}`, n))
		return nil
	}
	return &ecmaError{value.Cut(rest, 2) + " is no escape of ECMA-262", `write the character itself; ^ and $ for beginning and end, \u{41} for a number`}
}

// categories are the names that ECMA-262 has for general categories beside the short ones.
var categories = map[string]string{"Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm",
	"Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd",
	"digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd",
	"Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm",
	"Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp",
	"Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Private_Use": "Co"}

// property translates \p{…}.
func (t *ecmaTranslator) property(rest string) error {
	m := property.FindStringSubmatch(rest)
	if m == nil {
		return &ecmaError{value.Cut(rest, 3) + " is no property of ECMA-262", `write one such as \p{L} or \p{Script=Latin}`}
	}
	name := m[3]
	if short, ok := categories[name]; ok {
		name = short
	}
	_, category := unicode.Categories[name]
	_, script := unicode.Scripts[name]
	switch {
	case m[2] == "" && (category || script || name == "LC") && name != "LC":
	case m[2] == "" && name == "Any" || m[2] == "" && name == "ASCII":
		name = map[string]string{"Any": `\x00-\x{10ffff}`, "ASCII": `\x00-\x7f`}[name]
		if t.class || m[1] == "P" {
			return &ecmaError{m[0] + " is not supported here", `write [\u0000-\u007F] or another range`}
		}
		t.take(len(m[0]), "["+name+"]")
		return nil
	case slices.Contains([]string{"gc", "General_Category"}, m[2]) && category, slices.Contains([]string{"sc", "Script"}, m[2]) && script:
	default:
		return &ecmaError{"the property " + m[0] + " is not known", `write a general category such as \p{L} or \p{Lu}, or a script such as \p{Script=Latin}`}
	}
	t.take(len(m[0]), `\`+m[1]+"{"+name+"}")
	return nil
}
