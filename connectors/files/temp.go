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
	owned bool // no other delivery has this temporary name
}

// tempNames makes temporary names from a template.
type tempNames struct {
	template string
	pattern  *regexp.Regexp // of a temporary name, around the final one
	before   string         // template of an earlier version, whose files may still lie there; empty: none
}

// oldTemp was the default before temporary names held a key.
const oldTemp = ".{name}.inbasket-part"

func newTempNames(template string) tempNames {
	parts := strings.NewReplacer(regexp.QuoteMeta("{name}"), `(.+?)`, regexp.QuoteMeta("{key}"), `[A-Z2-7]{8}`).Replace(regexp.QuoteMeta(template))
	t := tempNames{template: template, pattern: regexp.MustCompile("^" + parts + "$")}
	if template == DefaultTemp {
		t.before = oldTemp
	}
	return t
}

// piece names a file of the delivery or batch with that key; n tells it from the key's other files.
func (t tempNames) piece(key string, n int, f connectors.File) piece {
	sum := sha256.Sum256([]byte(key + "/" + strconv.Itoa(n)))
	word := "K" + base32.StdEncoding.EncodeToString(sum[:])[:7] // begins with a letter, as names on z/OS must
	return piece{File: f, temp: strings.NewReplacer("{name}", f.Name, "{key}", word).Replace(t.template),
		owned: strings.Contains(t.template, "{key}")}
}

// earlier is the same file as an earlier version of the agent put it there.
func (t tempNames) earlier(p piece) (piece, bool) {
	p.temp, p.owned = strings.ReplaceAll(t.before, "{name}", p.Name), false
	return p, t.before != ""
}

// of returns the final name that a temporary one was made from.
func (t tempNames) of(full string) (string, bool) {
	if m := t.pattern.FindStringSubmatch(full); m != nil {
		return m[1], true
	}
	if t.before != "" {
		return newAffix(t.before).of(full)
	}
	return "", false
}
