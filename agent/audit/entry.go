// Package audit keeps the record of who did what: orders of operators, versions of the configuration, views of
// what citizens wrote. It is a chain: each entry carries the digest of the one before, so that an entry that was
// changed, taken out or put in later shows, as long as somebody remembers the last digest.
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Via says by which way an order came.
const (
	ViaControl = "control" // the socket of the running agent
	ViaCLI     = "cli"     // a command on the files of a stopped agent
	ViaSystem  = "system"  // the agent itself, or its service manager
)

// Record is what happened, as the caller tells it. Nothing of it may hold what a citizen wrote.
type Record struct {
	Who     string            // account; for ViaSystem the program's part, such as agent or SIGHUP
	Via     string            // ViaControl, ViaCLI or ViaSystem
	Action  string            // name of the order, such as retry
	Object  string            // what it was done to: submission, target, batch; may be empty
	Details map[string]string // what else the order said; may be nil
}

// Entry is one line of the log.
type Entry struct {
	N       int64             `json:"n"` // from 1, without gaps
	At      time.Time         `json:"at"`
	Who     string            `json:"who"`
	Via     string            `json:"via"`
	Action  string            `json:"action"`
	Object  string            `json:"object,omitempty"`
	Details map[string]string `json:"details,omitempty"`
	Prev    string            `json:"prev"` // Hash of the entry before; of the first one: Genesis
	Hash    string            `json:"hash"` // SHA-256 in hex over the line with an empty hash
}

// Genesis is what the first entry has as Prev.
var Genesis = strings.Repeat("0", 2*sha256.Size)

// actionBroken is the entry with which a chain begins anew.
const actionBroken = "log-broken"

// maxText bounds each text of an entry, in bytes: a line stays readable, and an order cannot fill the disk.
const maxText = 4 << 10

// seal makes the entry's digest and returns its line with the line feed.
func seal(e *Entry) ([]byte, error) {
	e.Hash = ""
	bare, err := line(e)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bare)
	e.Hash = hex.EncodeToString(sum[:])
	return line(e)
}

// line writes an entry in the one way that it is ever written: the digest is over these bytes.
func line(e *Entry) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

var (
	errForm = errors.New("is not an entry")
	errHash = errors.New("does not have the digest that it carries: it was changed")
)

// parse reads a line, with or without its line feed. Only the very bytes that line writes are an entry.
func parse(raw []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, errForm
	}
	claimed := e.Hash
	again, err := seal(&e)
	if err != nil {
		return e, errForm
	}
	if e.Hash != claimed {
		return e, errHash
	}
	if !bytes.Equal(bytes.TrimSuffix(again, []byte("\n")), bytes.TrimSuffix(raw, []byte("\n"))) {
		return e, errForm
	}
	return e, nil
}

// clean makes a text fit for an entry: valid, and not longer than maxText.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + " …"
	}
	return strings.ToValidUTF8(s, "�")
}

func cleanAll(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		if v != "" {
			out[clean(k)] = clean(v)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Yes is how a record says what is so; what is not is left out.
func Yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// Number is Yes for numbers.
func Number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
