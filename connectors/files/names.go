package files

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName leaves room for the temporary name in the 255 bytes that file systems allow.
const maxName = 220

var errName = errors.New("not a safe file name")

// checkName accepts a base name that may be put at any place: UTF-8, no separators, no control characters.
func checkName(name string) error {
	switch {
	case name == "", name == ".", name == "..", len(name) > maxName:
		return errName
	case strings.ContainsAny(name, `/\`), hostile(name):
		return errName
	}
	return nil
}

// hostile reports names that cannot be shown or passed on: not UTF-8, control characters, characters
// that turn the writing direction and so hide an extension.
func hostile(name string) bool {
	if !utf8.ValidString(name) {
		return true
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return true
		}
	}
	return false
}

// escape makes a hostile name fit for the error folder: every byte that is not plain becomes %XX.
func escape(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c > ' ' && c < 0x7f && c != '%' && c != '/' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	s := b.String()
	if len(s) > maxName {
		s = s[:maxName]
	}
	return s
}

// fit shortens a name that leaves no room for what is added to it; the extension stays.
func fit(name string) string {
	ext := path.Ext(name)
	if len(name) <= maxName || len(ext) > maxName/2 {
		return name[:min(len(name), maxName)]
	}
	n := maxName - len(ext)
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + ext
}

// unfinished reports hidden files and names that programs use while they still write.
func unfinished(name string) bool {
	if name == "" || name[0] == '.' || name[len(name)-1] == '~' || strings.HasPrefix(name, "~$") {
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".inbasket-part":
		return true
	}
	return false
}

// stem returns the name without its last extension.
func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// globs are patterns of which one must match; ASCII case does not matter.
type globs []string

func newGlobs(s string) (globs, error) {
	var g globs
	for p := range strings.SplitSeq(s, "|") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		p = strings.ToLower(p)
		if _, err := path.Match(p, "x"); err != nil || strings.ContainsAny(p, "/") {
			return nil, fmt.Errorf("pattern %q: %w", p, path.ErrBadPattern)
		}
		g = append(g, p)
	}
	return g, nil
}

func (g globs) match(name string) bool {
	if len(g) == 0 {
		return false
	}
	name = strings.ToLower(name)
	for _, p := range g {
		if suffix, ok := strings.CutPrefix(p, "*"); ok && !strings.ContainsAny(suffix, `*?[\`) {
			if strings.HasSuffix(name, suffix) {
				return true
			}
			continue
		}
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// affix is a template with one {name}, split around it.
type affix struct{ before, after string }

func newAffix(t string) affix {
	before, after, _ := strings.Cut(t, "{name}")
	return affix{before, after}
}

func (a affix) name(name string) string { return a.before + name + a.after }

// of returns the name that full was made from.
func (a affix) of(full string) (string, bool) {
	if len(full) <= len(a.before)+len(a.after) || !strings.HasPrefix(full, a.before) || !strings.HasSuffix(full, a.after) {
		return "", false
	}
	return full[len(a.before) : len(full)-len(a.after)], true
}
