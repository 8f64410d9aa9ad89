package decode

import (
	"bytes"
	"fmt"
)

// leastBinary is how long a text in base64 is that counts as content; shorter ones are texts like any other.
const leastBinary = 64 << 10

// counted is what texts of one input are content in base64: it counts by limits.binary, and neither as text nor as input.
type counted struct {
	sent  int64 // bytes of the input
	bytes int64 // of content, once it is decoded
}

// text counts one that takes so many bytes of the input. code is that of the limit which it passes; "": none.
func (c *counted) text(l Limits, text []byte, sent int) (code, why string) {
	long := len(text) > l.Text
	if !long && (l.Binary == 0 || len(text) <= leastBinary) {
		return "", ""
	}
	is := len(text) > leastBinary && isBase64(text)
	switch {
	case is && l.Binary > 0:
		c.sent += int64(sent)
		if c.bytes += int64(len(text)) / 4 * 3; c.bytes > l.Binary {
			return CodeBinary, fmt.Sprintf("the content in base64 has more than %d bytes", l.Binary)
		}
	case is:
		return CodeBinary, fmt.Sprintf("the content in base64 is longer than the %d bytes of a text", l.Text)
	case long:
		return CodeText, fmt.Sprintf("the text is longer than %d bytes", l.Text)
	}
	return "", ""
}

// size says that an input is too large beside its content.
func (c *counted) size(n int, l Limits) error {
	if rest := int64(n) - c.sent; rest > l.Bytes {
		return &Error{Code: CodeSize, Message: fmt.Sprintf("the input has %d bytes; the limit is %d", rest, l.Bytes)}
	}
	return nil
}

// tooLargeWithContent is tooLarge of an input whose content in base64 is counted once it is read. Escapes and ends of lines may stand in it.
func tooLargeWithContent(b []byte, l Limits) error {
	whole := l
	whole.Bytes += l.Binary / 2 * 3
	err := tooLarge(b, whole)
	if err != nil && 2*contentIn(b) > len(b) {
		return &Error{Code: CodeBinary, Message: fmt.Sprintf("the input has %d bytes, most of them content in base64; the limit is %d of content beside %d", len(b), l.Binary, l.Bytes)}
	}
	return err
}

// base64Bytes are those that content in base64 is made of, and the ends of its lines.
var base64Bytes = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n") {
		is[c] = true
	}
	return is
}()

// isBase64 tells whether a text is content in base64, which a data URI may announce.
func isBase64(text []byte) bool {
	if bytes.HasPrefix(text, []byte("data:")) {
		if head, rest, ok := bytes.Cut(text, []byte(",")); ok && bytes.HasSuffix(head, []byte(";base64")) {
			text = rest
		}
	}
	for _, c := range bytes.TrimRight(text, "=\r\n") {
		if !base64Bytes[c] {
			return false
		}
	}
	return true
}

// contentIn is how much of an input are pieces that may be content in base64; JSON may escape what it has.
func contentIn(b []byte) (n int) {
	from := 0
	for i, c := range b {
		if base64Bytes[c] || c == '\\' {
			continue
		}
		if i-from > leastBinary {
			n += i - from
		}
		from = i + 1
	}
	return n
}
