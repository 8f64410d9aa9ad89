package encode

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// NameVars are the values of a file name's variables.
type NameVars struct {
	Seq       int64     // of the batch, from 1
	N         int64     // number of the document within its delivery, from 1
	ID        string    // the submission's ID
	Reference string    // the sender's; hostile until proven otherwise
	Time      time.Time // for {date} and {time}, in the zone that the target means
}

// RenderName makes a file name of a template. The result is a safe base name on Linux and Windows, of
// at most 200 bytes: what is not a letter, digit, dot, hyphen or underscore in a reference is written as
// %XX, so that two different references never give the same name.
func RenderName(template string, v NameVars) (string, error) {
	t, err := ParseTemplate(template)
	if err != nil {
		return "", fmt.Errorf("%s: file name: %w", CodeName, err)
	}
	return t.Name(v)
}

// Name is RenderName for a template that was parsed before.
func (t *Template) Name(v NameVars) (string, error) {
	s := t.render(v.Time, func(name, _ string) any {
		return map[string]any{"seq": v.Seq, "n": v.N, "id": safeName(v.ID), "reference": safeName(v.Reference)}[name]
	})
	if deviceName(s) {
		s = fmt.Sprintf("%%%02X%s", s[0], s[1:])
	}
	if s == "" || s == "." || s == ".." || len(s) > 200 || strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") {
		return "", fmt.Errorf("%s: the file name comes out empty, too long, or with a dot or blank at its end", CodeName)
	}
	return s, nil
}

// Seq reads the sequence number out of a name that the template may have made; false where the name is another
// one's, or the template has no number.
func (t *Template) Seq(name string) (int64, bool) {
	var b strings.Builder
	found := 0
	for _, p := range t.parts {
		switch {
		case p.name == "":
			b.WriteString(regexp.QuoteMeta(p.literal))
		case p.name == "seq" && found == 0:
			found++
			fmt.Fprintf(&b, `([0-9]{%d,18})`, max(p.width, 1))
		case p.name == "seq" || p.name == "n":
			b.WriteString(`[0-9]+`)
		default:
			b.WriteString(`.+`)
		}
	}
	re, err := regexp.Compile("^" + b.String() + "$")
	if err != nil || found == 0 {
		return 0, false
	}
	m := re.FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	seq, err := strconv.ParseInt(m[1], 10, 64)
	return seq, err == nil
}

// maxReference bounds a reference within a name, in bytes.
const maxReference = 150

// safeName writes s so that any file system keeps it and different texts stay different. The empty text
// is "%". Dots are written out at the ends, because they hide files and Windows drops them; so is a
// hyphen in front, which scripts take for an option. A text that comes out too long ends in ~ and a
// digest of the whole.
func safeName(s string) string {
	if s == "" {
		return "%"
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' ||
			c == '-' && i > 0 || c == '.' && i > 0 && i < len(s)-1
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	out := b.String()
	if len(out) <= maxReference {
		return out
	}
	sum := sha256.Sum256([]byte(s))
	return out[:maxReference-41] + "~" + hex.EncodeToString(sum[:20])
}

// deviceName says whether Windows would open a device by this name, whatever its extension.
func deviceName(s string) bool {
	stem, _, _ := strings.Cut(s, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	if len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) {
		return stem[3] >= '0' && stem[3] <= '9'
	}
	return false
}
