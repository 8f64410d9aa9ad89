// Package mask replaces what citizens wrote by other texts of the same kind: as long, letters for letters, digits for digits, dates for dates. By the
// same secret the same text has the same masks, in every form.
package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
)

// Masker knows the secret that masks are made with.
type Masker struct{ secret []byte }

// New takes any secret; who knows it can tell whether a text is the one behind a mask.
func New(secret []byte) *Masker { return &Masker{secret} }

// parts says which signs of a text are replaced.
type parts int

const (
	lettersAndDigits parts = iota
	digitsAlone
	lettersAlone
	families
)

// tries is how many masks of one kind are made for a text, and those that do not keep its check digits are left out.
const tries = 20_000

var (
	scheme      = regexp.MustCompile(`^(?i:https?|ftps?|sftp|file|wss?|ldaps?)://`)
	dataStart   = regexp.MustCompile(`^data:(?:application|audio|font|image|message|model|text|video)/[A-Za-z0-9.+-]+((?:;[^;,]*)*),`) // with what is said of the type
	dataFixed   = regexp.MustCompile(`;(?:base64|charset=[A-Za-z0-9-]+|(?:file)?name=)`)
	fileEnd     = regexp.MustCompile(`(?i)\.(?:7z|asc|bmp|csv|docx?|dwg|dxf|eml|gif|gml|heic|heif|html?|jpe?g|json|mov|mp[34]|msg|od[gpst]|p7[ms]|pdf|png|pptx?|rtf|svg|tiff?|txt|wav|webp|xdp|xlsx?|xml|zip)$`)
	hostEnd     = regexp.MustCompile(`(?:@[^\s@]+|^[A-Za-z]+://[^\s/]+)(\.[A-Za-z]{2,4})$`) // of an address in the internet
	hexadecimal = regexp.MustCompile(`^[0-9A-Fa-f-]*[A-Fa-f][0-9A-Fa-f-]*$`)
)

// Maskable tells whether there is something in a text to replace.
func Maskable(text string) bool {
	if d, ok := dateIn(text); ok {
		return !d.open()
	}
	return strings.ContainsFunc(inner(text), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) && r != '0' })
}

// inner are the parts of a text that are replaced.
func inner(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range fixed(text) {
		b.WriteString(text[last:at[0]])
		last = at[1]
	}
	return b.String() + text[last:]
}

// fixed are the parts of a text that stay, in turn: they say only what the rest of it is.
func fixed(text string) (all [][]int) {
	if at := scheme.FindStringIndex(text); at != nil {
		all = append(all, at)
	} else if at := dataStart.FindStringSubmatchIndex(text); at != nil {
		all = append(all, []int{0, at[2]})
		for _, f := range dataFixed.FindAllStringIndex(text[at[2]:at[3]], -1) {
			all = append(all, []int{at[2] + f[0], at[2] + f[1]})
		}
		return append(all, []int{at[1] - 1, at[1]})
	}
	if at := fileEnd.FindStringIndex(text); at != nil && at[0] > 0 {
		return append(all, at)
	}
	if at := hostEnd.FindStringSubmatchIndex(text); at != nil {
		return append(all, at[2:])
	}
	return all
}

// Masks are possible ones of a text, none of which is the text, the best first: they keep the check digits that the text has, as far as there
// are such.
func (m *Masker) Masks(text string) iter.Seq[string] {
	standards := helpers.Keeps(text)
	return func(yield func(string) bool) {
		if d, ok := dateIn(text); ok {
			for n := range 400 {
				if s := d.masked(m.source(text, lettersAndDigits, n)); s != text && !yield(s) {
					return
				}
			}
			return
		}
		for n := range tries {
			for of := range families {
				s := replaced(text, of, m.source(text, of, n))
				if s == text || len(standards) > 0 && len(Lost(text, s)) > 0 {
					continue // nothing of this kind is in it, or its check digits are wrong
				}
				if !yield(s) {
					return
				}
			}
		}
		for n := range 100 { // none keeps what it should: at least the text goes
			if s := replaced(text, lettersAndDigits, m.source(text, lettersAndDigits, tries+n)); len(standards) > 0 && s != text && !yield(s) {
				return
			}
		}
	}
}

// source is what a mask is drawn from: the same for a text in other capitals and between other blanks.
func (m *Masker) source(text string, of parts, n int) *stream {
	h := hmac.New(sha256.New, m.secret)
	h.Write([]byte(strings.ToLower(strings.TrimSpace(text))))
	h.Write([]byte{0, byte(of), byte(n >> 16), byte(n >> 8), byte(n)})
	return &stream{seed: h.Sum(nil)}
}

// stream draws numbers that hang on its seed alone.
type stream struct {
	seed, left []byte
	blocks     uint32
}

// IntN is a number from 0 below n.
func (s *stream) IntN(n int) int {
	if len(s.left) == 0 {
		s.blocks++
		block := sha256.Sum256(binary.BigEndian.AppendUint32(s.seed[:len(s.seed):len(s.seed)], s.blocks))
		s.left = block[:]
	}
	x := binary.BigEndian.Uint32(s.left)
	s.left = s.left[4:]
	return int(x % uint32(n))
}

// replaced draws a sign of the same kind for each of the inner parts.
func replaced(text string, of parts, r *stream) string {
	hex := hexadecimal.MatchString(text)
	stays := fixed(text)
	var b strings.Builder
	for i, c := range text {
		for len(stays) > 0 && i >= stays[0][1] {
			stays = stays[1:]
		}
		switch {
		case len(stays) > 0 && i >= stays[0][0]:
		case unicode.IsDigit(c) && of != lettersAlone:
			c = digit(c, r)
		case unicode.IsLetter(c) && of != digitsAlone && hex && c <= 'f':
			c = cased(c, "abcdef", r)
		case unicode.IsLetter(c) && of != digitsAlone:
			c = letter(c, r)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// digit draws another digit of the same script; 0 stays, since it often leads or says that there is nothing.
func digit(c rune, r *stream) rune {
	zero := c
	for range 9 {
		if unicode.IsDigit(zero-1) && unicode.IsDigit(zero) {
			zero--
		}
	}
	if c <= '9' {
		zero = '0'
	}
	if drawn := zero + 1 + rune(r.IntN(9)); c != zero {
		return drawn
	}
	return c
}

// accented are the letters that most character sets of Western and Central Europe have.
const accented = "äöüéáíóúç"

// letter draws another one: of the alphabet, of the accented, or of those that stand around it in Unicode.
func letter(c rune, r *stream) rune {
	low := unicode.ToLower(c)
	switch {
	case low >= 'a' && low <= 'z':
		return cased(c, "abcdefghijklmnopqrstuvwxyz", r)
	case strings.ContainsRune(accented, low):
		return cased(c, accented, r)
	}
	var around []rune
	for x := c &^ 63; x < c&^63+64; x++ {
		if unicode.IsLetter(x) && unicode.IsUpper(x) == unicode.IsUpper(c) && unicode.IsLower(x) == unicode.IsLower(c) && utf8.RuneLen(x) == utf8.RuneLen(c) && norm.NFC.IsNormalString(string(x)) {
			around = append(around, x)
		}
	}
	return around[r.IntN(len(around))]
}

// cased draws one of some small letters, as a capital for a capital.
func cased(c rune, of string, r *stream) rune {
	list := []rune(of)
	x := list[r.IntN(len(list))]
	if unicode.IsUpper(c) {
		return unicode.ToUpper(x)
	}
	return x
}

// Lost are the standards by whose check digits a text is right and its mask is not, such as IBAN.
func Lost(text, masked string) (names []string) {
	has := helpers.Keeps(masked)
	for _, name := range helpers.Keeps(text) {
		if !slices.Contains(has, name) {
			names = append(names, name)
		}
	}
	return names
}
