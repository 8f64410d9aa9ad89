package intake

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors/files/place"
)

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
	if len(s) > place.MaxName {
		s = s[:place.MaxName]
	}
	return s
}

// fit shortens a name that leaves no room for what is added to it; the extension stays.
func fit(name string) string {
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
