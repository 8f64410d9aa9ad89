package rules

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// Escape makes a hostile name fit for the error folder: every byte that is not plain becomes %XX.
func Escape(name string) string {
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
	if len(s) > place.MaxName {
		s = s[:place.MaxName]
	}
	return s
}

// Fit shortens a name that leaves no room for what is added to it; the extension stays.
func Fit(name string) string {
	ext := path.Ext(name)
	if len(name) <= place.MaxName || len(ext) > place.MaxName/2 {
		return name[:min(len(name), place.MaxName)]
	}
	n := place.MaxName - len(ext)
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + ext
}

// Unfinished reports hidden files and names that programs use while they still write.
func Unfinished(name string) bool {
	if name == "" || name[0] == '.' || name[len(name)-1] == '~' || strings.HasPrefix(name, "~$") {
		return true
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".inbasket-part":
		return true
	}
	return false
}

// Stem returns the name without its last extension.
func Stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// Globs are patterns of which one must match; ASCII case does not matter.
type Globs []string

// NewGlobs reads patterns with | between them.
func NewGlobs(s string) (Globs, error) {
	var g Globs
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

// Match tells whether one of them matches.
func (g Globs) Match(name string) bool {
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

// Affix is a template with one {name}, split around it.
type Affix struct{ before, after string }

// NewAffix reads such a template.
func NewAffix(t string) Affix {
	before, after, _ := strings.Cut(t, "{name}")
	return Affix{before, after}
}

// Name is what is made of a name.
func (a Affix) Name(name string) string { return a.before + name + a.after }

// Of returns the name that full was made from.
func (a Affix) Of(full string) (string, bool) {
	if len(full) <= len(a.before)+len(a.after) || !strings.HasPrefix(full, a.before) || !strings.HasSuffix(full, a.after) {
		return "", false
	}
	return full[len(a.before) : len(full)-len(a.after)], true
}
