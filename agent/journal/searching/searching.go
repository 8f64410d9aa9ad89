// Package searching is what people find submissions by: the keys that mappings name. How a key is compared and kept stands here alone, so that
// what is searched for is made comparable as what is kept was.
package searching

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// Codes of keys.
const (
	CodeNotComputed = "submission.no-key"   // a key of the mapping could not be computed of a form, which went on without it and is not found by it; mend keys in a new version of the mapping, and look for the form by another key or its reference
	CodeUnknown     = "journal.unknown-key" // no submission has a key of this name: it is misspelt, no mapping names it, or no form came since one does; the message lists those that there are
)

// The ways to keep a value, as the table has them.
const (
	plain     = 1
	hashed    = 2
	encrypted = 3
)

var (
	keeps = map[string]int64{"plain": plain, "hashed": hashed, "encrypted": encrypted}
	words = map[int64]string{plain: "plain", hashed: "hashed", encrypted: "encrypted"}
)

// Keys writes keys of submissions, all of one call together.
type Keys struct {
	*journal.Tx
	rows   []any
	secret []byte // of the journal, once it is needed
}

// Add has a submission be found by keys. What could not be computed is put on record; it stops nothing.
func (k *Keys) Add(id journal.ID, keys []journal.Key) {
	for _, key := range keys {
		text := comparable(key.Value, key.Exact)
		switch {
		case key.Failed != "":
			k.failed(id, "key "+key.Name+": "+key.Failed)
			continue
		case len(text) == 1: // nothing but what does not count
			continue
		}
		keep := keeps[key.Keep]
		value, shown := []byte(text), []byte(key.Value)
		if keep != plain {
			if k.secret == nil {
				k.secret = k.TombstoneKey()
			}
			value, shown = hash(k.secret, key.Name, text), nil
		}
		if keep == encrypted {
			shown = seal(k.secret, key.Name, id, key.Value)
		}
		k.rows = append(k.rows, engine.Word(key.Name), value, id, keep, shown)
	}
}

// failed notes once why a key is not there.
func (k *Keys) failed(id journal.ID, why string) {
	if !k.Is("SELECT EXISTS(SELECT 1 FROM history WHERE sub=? AND code=? AND text=?)", id, CodeNotComputed, why) {
		k.Note(id, journal.Moment{What: "no key", Code: CodeNotComputed, Text: why})
	}
}

// Write writes what was added.
func (k *Keys) Write() {
	if len(k.rows) > 0 {
		k.InsertNew("search(name, value, sub, keep, shown)", k.rows...)
	}
}

// comparable is a value as it is compared, with how it was made so in front.
func comparable(value string, exact bool) string {
	value = norm.NFC.String(strings.TrimSpace(value))
	if exact {
		return "=" + value
	}
	return "~" + strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, norm.NFC.String(cases.Fold().String(value)))
}

// hash is by which an equal value of the key is found.
func hash(secret []byte, name, text string) []byte {
	return journal.HashOf(hmac.New(sha256.New, secret), "search", name, text)
}

// sealing is the cipher of encrypted values, which has a secret of its own, and to what a value is bound.
func sealing(secret []byte, name string, id journal.ID) (cipher.AEAD, []byte) {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("search encrypted"))
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		panic(err) // never: 32 bytes are a key
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // never: AES has the block that GCM needs
	}
	return aead, binary.BigEndian.AppendUint64([]byte(name), uint64(id))
}

func seal(secret []byte, name string, id journal.ID, value string) []byte {
	aead, bound := sealing(secret, name, id)
	return aead.Seal(nil, nil, []byte(value), bound)
}

// Having is the condition of submissions s that have a value of a key, whichever way their mapping keeps and compares it.
func Having(l *journal.Look, name, value string) (cond string, args []any) {
	if !l.Has(journal.KeyVersion) || !l.Is("SELECT EXISTS(SELECT 1 FROM search WHERE name=?)", engine.Word(name)) {
		l.Fail(unknown(l, name))
		return "1=0", nil
	}
	args = []any{engine.Word(name)}
	secret := l.KeyOf()
	for _, exact := range []bool{true, false} {
		text := comparable(value, exact)
		args = append(args, []byte(text), hash(secret, name, text))
	}
	return "s.id IN (SELECT sub FROM search WHERE name=? AND value IN (?, ?, ?, ?))", args
}

// unknown says which keys there are.
func unknown(l *journal.Look, name string) error {
	var known []string
	for at, more := journal.NameID(0), l.Has(journal.KeyVersion); more; {
		if at = journal.Value[journal.NameID](l, "SELECT min(name) FROM search WHERE name>?", at); at != 0 {
			known = append(known, l.Name(at))
		}
		more = at != 0
	}
	hint := "no mapping in use has keys yet"
	if len(known) > 0 {
		hint = "there are: " + strings.Join(known, ", ")
	}
	return &connectors.Error{Class: connectors.ItemError, Code: CodeUnknown, Op: fmt.Sprintf("find by key %q, which no submission has,", name), Hint: hint}
}

// Of returns the keys of a submission, with their values as far as they are not hashed.
func Of(l *journal.Look, id journal.ID) (keys []journal.Key) {
	if !l.Has(journal.KeyVersion) {
		return nil
	}
	secret := l.KeyOf()
	journal.Each(l, "SELECT name, keep, shown FROM search WHERE sub=? ORDER BY value", []any{id}, func(r struct {
		Name  string `col:"word"`
		Keep  int64
		Shown []byte
	}) {
		key := journal.Key{Name: r.Name, Keep: words[r.Keep], Value: string(r.Shown)}
		if r.Keep == encrypted {
			aead, bound := sealing(secret, r.Name, id)
			text, err := aead.Open(nil, nil, r.Shown, bound)
			if err != nil {
				l.Fail(fmt.Errorf("read key %s of %s: %w", r.Name, id, err))
			}
			key.Value = string(text)
		}
		keys = append(keys, key)
	})
	slices.SortStableFunc(keys, func(a, b journal.Key) int { return strings.Compare(a.Name, b.Name) })
	return keys
}
