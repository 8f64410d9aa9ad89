package files

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// piece is one file of a delivery, with the name under which it is put there first. That name is this delivery's
// alone: two deliveries may want the same final name, and once the temporary file is gone, nobody but its own rename
// can have moved it.
type piece struct {
	connectors.File
	temp  string
	key   string // of the delivery, with the file's number
	owned bool   // no other delivery has this temporary name
}

// tempNames makes temporary names from a template.
type tempNames struct {
	template string
	patterns []*regexp.Regexp // of temporary names, around the final one
	before   []string         // templates by which files may have been staged before
}

// oldTemp was the default before temporary names held a key.
const oldTemp = ".{name}.inbasket-part"

// newTempNames makes names by a template. Files may also lie there under those by others: of an earlier version, or of
// before somebody set temp.
func newTempNames(template string, others ...string) tempNames {
	t := tempNames{template: template, patterns: []*regexp.Regexp{patternOf(template)}}
	for _, before := range others {
		if before != template {
			t.before = append(t.before, before)
			t.patterns = append(t.patterns, patternOf(before))
		}
	}
	return t
}

// piece names a file of the delivery or batch with that key; n tells it from the key's other files.
func (t tempNames) piece(key string, n int, f connectors.File) piece {
	p := piece{File: f, key: key + "/" + strconv.Itoa(n)}
	p.temp, p.owned = p.by(t.template)
	return p
}

// by makes the temporary name that a template gives, and tells whether no other delivery has it.
func (p piece) by(template string) (temp string, owned bool) {
	owned = strings.Contains(template, "{key}")
	word := ""
	if owned {
		sum := sha256.Sum256([]byte(p.key))
		word = "K" + base32.StdEncoding.EncodeToString(sum[:])[:7] // begins with a letter, as names on z/OS must
	}
	return strings.NewReplacer("{name}", p.Name, "{key}", word).Replace(template), owned
}

// earlier are the same file under the temporary names that it may have got before.
func (t tempNames) earlier(p piece) []piece {
	list := make([]piece, 0, len(t.before))
	for _, template := range t.before {
		p.temp, p.owned = p.by(template)
		list = append(list, p)
	}
	return list
}

// of returns the final name that a temporary one was made from.
func (t tempNames) of(full string) (string, bool) {
	for _, pattern := range t.patterns {
		if m := pattern.FindStringSubmatch(full); m != nil {
			return m[1], true
		}
	}
	return "", false
}

// patternOf recognises temporary names.
func patternOf(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer(regexp.QuoteMeta("{name}"), `(.+?)`, regexp.QuoteMeta("{key}"), `K[A-Z2-7]{7}`).Replace(regexp.QuoteMeta(template)) + "$")
}
