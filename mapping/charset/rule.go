package charset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/mapping/diag"
)

// Unmappable is what a mapping says of characters that a character set lacks. Its zero value says nothing, which makes them errors.
type Unmappable struct {
	Transliterate []string `yaml:"transliterate,one" doc:"tables by which such characters are written as others; of several the first that knows a character and gives what the set has" enum:"tables"`
	Replace       string   `yaml:"replace" doc:"one character that stands for each that is still not there"`
	Said          bool     `yaml:"-"` // there is a rule, be it error
}

// UnmarshalNode reads error, replace:X or a block.
func (u *Unmappable) UnmarshalNode(n *diag.Node) diag.Problems {
	u.Said = true
	with, replaces := strings.CutPrefix(n.Text, "replace:")
	switch {
	case n.Kind == diag.Text && n.Text == "error":
		return nil
	case n.Kind == diag.Text && replaces:
		u.Replace = with
		return nil
	case n.Kind == diag.Map && len(n.Pairs) > 0:
		type plain Unmappable
		p := plain(*u)
		problems := n.Decode(&p)
		*u = Unmappable(p)
		return problems
	}
	return diag.Problems{n.Problem(diag.CodeValue, "this is neither error nor a block with transliterate or replace", `{transliterate: din91379-ascii} or {replace: "?"}`)}
}

// Problem is what is wrong with a rule, at one of its keys or for all of it.
type Problem struct {
	Key, Message, Suggestion string
}

// Fitter makes texts that a character set has, as a rule says. It is immutable and safe for concurrent use.
type Fitter struct {
	set    *Charset
	tables []*Table
	with   rune // 0: what is not there is an error
}

// Fitter joins a set and a rule; problems say what is wrong with both together.
func (c *Charset) Fitter(u Unmappable) (*Fitter, []Problem) {
	f, problems := &Fitter{set: c}, []Problem(nil)
	for _, name := range u.Transliterate {
		t, ok := TableNamed(name)
		if ok {
			f.tables = append(f.tables, t)
		}
		switch {
		case !ok:
			problems = append(problems, Problem{"transliterate", fmt.Sprintf("there is no table %q", name), diag.DidYouMean(name, Tables())})
		case t.latin1 && !c.latin1():
			problems = append(problems, Problem{"transliterate", fmt.Sprintf("table %s gives letters of iso-8859-1, and %s lacks some of them", name, c.Name()), "din91379-ascii"})
		}
	}
	if u.Replace == "" {
		return f, problems
	}
	r, n := utf8.DecodeRuneInString(u.Replace)
	if f.with = r; n != len(u.Replace) || !c.has(r) || unicode.IsControl(r) {
		problems = append(problems, Problem{"replace", fmt.Sprintf("%q is not one character of %s", u.Replace, c.Name()), "?"})
	}
	return f, problems
}

// latin1 tells whether the set has the letters of ISO 8859-1.
func (c *Charset) latin1() bool {
	for r := rune(0xc0); r <= 0xff; r++ {
		if unicode.IsLetter(r) && !c.has(r) {
			return false
		}
	}
	return true
}

func (c *Charset) has(r rune) bool {
	var room [4]byte
	_, ok := c.AppendRune(room[:0], r)
	return ok
}

// Holds tells whether the set has all characters of a text.
func (c *Charset) Holds(s string) bool { return c.lacks(s) < 0 }

// lacks is where the first character of a text stands that the set does not have; -1: nowhere.
func (c *Charset) lacks(s string) int {
	if c.utf8 {
		return -1
	}
	for i, r := range s {
		if r >= utf8.RuneSelf || !c.ascii {
			if !c.has(r) {
				return i
			}
		}
	}
	return -1
}

// Changes says what was done to a text; it holds no content.
type Changes struct {
	by       []int // characters that each table wrote
	Replaced int
	fitter   *Fitter
}

// Transliterated says how many characters were written by which table; "" for none.
func (d *Changes) Transliterated() string {
	said := ""
	for i, n := range d.by {
		if n > 0 {
			said += fmt.Sprintf(", %d by %s", n, d.fitter.tables[i].name)
		}
	}
	if said == "" {
		return ""
	}
	return fmt.Sprintf("characters that do not exist in %s were transliterated: %s", d.fitter.set.Name(), said[2:])
}

// Substituted says how many characters were replaced; "" for none.
func (d *Changes) Substituted() string {
	if d.Replaced == 0 {
		return ""
	}
	return fmt.Sprintf("%d characters that do not exist in %s were replaced", d.Replaced, d.fitter.set.Name())
}

// Lacking says which character the set of a rule lacks.
type Lacking struct {
	Rune     rune
	Position int // of the character in the text, from 1
	Set      string
}

// Error holds one character and its place.
func (e *Lacking) Error() string {
	return fmt.Sprintf("character U+%04X at position %d does not exist in %s", e.Rune, e.Position, e.Set)
}

// Fit makes a text of one that the set may not have in all its characters. A letter with combining marks is one character.
func (f *Fitter) Fit(s string) (string, Changes, *Lacking) {
	if f.set.Holds(s) {
		return s, Changes{}, nil
	}
	out, s, at := strings.Builder{}, norm.NFC.String(s), 0
	done := Changes{by: make([]int, len(f.tables)), fitter: f}
	for n := 1; at < len(s); n++ {
		end := at + first(s[at:])
		with, ok := f.character(s, at, end, &done)
		if !ok {
			r, _ := utf8.DecodeRuneInString(s[at+max(f.set.lacks(s[at:end]), 0):])
			return "", Changes{}, &Lacking{r, n, f.set.Name()}
		}
		out.WriteString(with)
		at = end
	}
	return out.String(), done, nil
}

// character fits s[at:end].
func (f *Fitter) character(s string, at, end int, done *Changes) (string, bool) {
	if f.set.Holds(s[at:end]) {
		return s[at:end], true
	}
	for i, t := range f.tables {
		if with, ok := t.letter(s, at, end); ok && f.set.Holds(with) {
			done.by[i]++
			return with, true
		}
	}
	if f.with == 0 {
		return "", false
	}
	done.Replaced++
	return string(f.with), true
}

// Set is the character set.
func (f *Fitter) Set() *Charset { return f.set }

// Transliterates tells whether the rule has tables.
func (f *Fitter) Transliterates() bool { return len(f.tables) > 0 }

// Changes tells whether the rule makes other characters of those that the set lacks.
func (f *Fitter) Changes() bool { return f.Transliterates() || f.with != 0 }

// Longest is a letter of which the rule makes most; "" where it makes no text longer.
func (f *Fitter) Longest() string {
	for _, s := range []string{"ä", "ß", "ĳ", "œ"} {
		if with, _, bad := f.Fit(s); bad == nil && utf8.RuneCountInString(with) > utf8.RuneCountInString(s) {
			return s
		}
	}
	return ""
}
