package value

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Binary makes a value of content, which is read only where it is written.
func Binary(b connectors.Blob) Value { return Value{Kind: KindBinary, Any: &b} }

// dataURI is how signatures and files are written within a text.
var dataURI = regexp.MustCompile(`^data:([\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,]*)*)?;base64,`)

// FromBase64 reads a text in base64, or a data URI in base64, which says a type as well. The bytes are not kept: they are counted and
// digested once, and decoded again by whoever reads them.
func FromBase64(s string) (v Value, mediaType string, ok bool) {
	if strings.HasPrefix(s, "data:") {
		m := dataURI.FindStringSubmatch(s[:min(len(s), 1024)])
		if m == nil {
			return Missing, "", false
		}
		s, mediaType = s[len(m[0]):], m[1]
	}
	if strings.Contains(s, "\n ") || strings.Contains(s, "\n\t") { // indented, as XML is; a blank elsewhere may have been a + that got lost
		var b strings.Builder
		for line := range strings.Lines(s) {
			b.WriteString(strings.Trim(line, " \t\r\n"))
		}
		s = b.String()
	}
	if strings.Contains(strings.TrimRight(s, "=\r\n"), "=") { // the decoder looks for that in each of its pieces alone
		return Missing, "", false
	}
	open := func() io.Reader { return base64.NewDecoder(base64.StdEncoding, strings.NewReader(s)) }
	h := sha256.New()
	n, err := io.Copy(h, open())
	if err != nil {
		return Missing, "", false
	}
	return Binary(connectors.Blob{Digest: connectors.Digest(h.Sum(nil)), Size: n,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(open()), nil }}), mediaType, true
}

// DigestOf is the SHA-256 of content as texts have it.
func DigestOf(b connectors.Blob) string { return hex.EncodeToString(b.Digest[:]) }

// ShownBinary writes content for people: how much it is, and its digest.
func ShownBinary(b *connectors.Blob) string {
	if b == nil {
		return "(binary)"
	}
	return fmt.Sprintf("(binary, %d bytes, sha256:%s)", b.Size, DigestOf(*b))
}
