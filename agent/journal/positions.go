package journal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// positions makes positions in the stream of events opaque: they count the events of all offices, and none is to learn from
// its own how much the others do. It is a permutation with a key, so that each position keeps one name for life.
type positions struct {
	block cipher.Block
	clear int64 // positions up to here were told as numbers, by older programs, and go on being told so
}

// positionKey is the mark under which key and last clear position lie.
const positionKey = "event-key"

// loadPositions reads the key, or makes it when a journal is opened by this program for the first time.
func (l *Look) loadPositions() {
	s := Value[string](l, markValue, positionKey)
	if s == "" {
		key := make([]byte, 16)
		_, _ = rand.Read(key) // never fails: the runtime ends the process instead
		s = hex.EncodeToString(key) + " " + strconv.FormatInt(l.Journal.seq, 10)
		NewTx(l).Exec(setMark, positionKey, s)
	}
	text, number, _ := strings.Cut(s, " ")
	key, err := hex.DecodeString(text)
	if err == nil {
		l.Journal.positions.clear, err = strconv.ParseInt(number, 10, 64)
	}
	if err == nil {
		l.Journal.positions.block, err = aes.NewCipher(key)
	}
	if err != nil {
		l.Fail(fmt.Errorf("mark %s of the journal: %w", positionKey, err))
	}
}

// Hide returns the opaque name of a position in the stream of events, the same for life.
func (j *Journal) Hide(seq int64) (name [16]byte) {
	binary.BigEndian.PutUint64(name[8:], uint64(seq))
	j.positions.block.Encrypt(name[:], name[:])
	return name
}

// Reveal returns the position that Hide has named; false: it has named none so.
func (j *Journal) Reveal(name [16]byte) (seq int64, ok bool) {
	j.positions.block.Decrypt(name[:], name[:])
	seq = int64(binary.BigEndian.Uint64(name[8:]))
	return seq, seq >= 0 && binary.BigEndian.Uint64(name[:8]) == 0
}

// Pseudonym returns a name for a text that a citizen may have chosen, the same for life. Nobody who guesses the text can see that.
func (j *Journal) Pseudonym(text string) (name [16]byte) {
	h := sha256.Sum256([]byte(text))
	j.positions.block.Encrypt(name[:], h[:len(name)])
	return name
}

// Clear returns the last position that may still be told, and named, as a number.
func (j *Journal) Clear() int64 { return j.positions.clear }
