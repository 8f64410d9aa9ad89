package httpserver

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// framing follows the requests of one HTTP/1 connection, byte by byte, and knows where each head begins. net/http
// forgives much of what two programs in a row may read in two ways (RFC 9112, section 11): here it is a fault.
type framing struct {
	state phase
	line  []byte // of a head or a chunk, as far as it has come
	used  int    // bytes of the head or the trailers so far
	left  int64  // bytes of the body or chunk to come
	fault *fault // what is wrong; nothing is passed on after it

	first    bool // the request line has been seen
	old      bool // HTTP/1.0
	length   string
	lengths  int
	coding   string
	codings  int
	expected string
}

type phase int

const (
	inHead phase = iota
	inBody
	inSize // of a chunk
	inChunk
	inChunkEnd
	inTrailer
)

type fault struct {
	status int
	reason string
}

// between tells whether no request is under way.
func (f *framing) between() bool {
	return f.state == inHead && f.used == 0 && len(f.line) == 0 && f.fault == nil
}

// data tells how many bytes may pass without a look.
func (f *framing) data() int64 {
	if f.state == inBody || f.state == inChunk {
		return f.left
	}
	return 0
}

// passed counts bytes of data that went by.
func (f *framing) passed(n int64) {
	if f.left -= n; f.left > 0 {
		return
	}
	if f.state == inBody {
		f.next()
	} else {
		f.state = inChunkEnd
	}
}

// next begins another request; the line that ended the last one is still in use.
func (f *framing) next() { *f = framing{line: f.line} }

// text takes what is no data from b, at most one line, and appends it to out once it is whole and right. It returns what is
// left of b. A fault appends what net/http is sure to refuse instead.
func (f *framing) text(b, out []byte) (rest, passed []byte) {
	n := bytes.IndexByte(b, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(b)
	}
	f.line = append(f.line, b[:n]...)
	switch f.used += n; {
	case f.used > headerBytes:
		f.fault = &fault{http.StatusRequestHeaderFieldsTooLarge, "the head of a request may have " + strconv.Itoa(headerBytes) + " bytes"}
	case !whole:
		return nil, out
	default:
		f.fault = f.take(f.line)
	}
	if f.fault != nil {
		return nil, append(out, "\x00\r\n\r\n"...)
	}
	out = append(out, f.line...)
	f.line = f.line[:0]
	return b[n:], out
}

// take reads one whole line.
func (f *framing) take(line []byte) *fault {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return bad("a line does not end with CR and LF")
	}
	for _, c := range text {
		if c < ' ' && c != '\t' || c == 0x7f {
			return bad("there is a control character in a line")
		}
	}
	switch f.state {
	case inHead:
		return f.header(text)
	case inSize:
		return f.size(text)
	case inChunkEnd:
		if len(text) > 0 {
			return bad("a chunk is longer than it says")
		}
		f.state, f.used = inSize, 0
	case inTrailer:
		if len(text) > 0 {
			_, _, wrong := field(text)
			return wrong
		}
		f.next()
	}
	return nil
}

// header reads a line of the head.
func (f *framing) header(text []byte) *fault {
	switch {
	case !f.first:
		f.first, f.old = true, bytes.HasSuffix(text, []byte(" HTTP/1.0"))
		return nil
	case len(text) == 0:
		return f.end()
	}
	name, value, wrong := field(text)
	if wrong != nil {
		return wrong
	}
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "content-length":
		f.length = value
		f.lengths++
	case "transfer-encoding":
		f.coding = value
		f.codings++
	case "expect":
		if f.expected != "" {
			value = f.expected + ", " + value
		}
		f.expected = value
	default:
		return nil
	}
	if strings.Contains(name, "_") {
		return bad("a field of the head has _ for - in its name")
	}
	return nil
}

// field splits a line into name and value.
func field(text []byte) (name, value string, wrong *fault) {
	if text[0] == ' ' || text[0] == '\t' {
		return "", "", bad("a field of the head goes over several lines")
	}
	name, value, ok := strings.Cut(string(text), ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t\"(),/;<=>?@[\\]{}") {
		return "", "", bad("a line of the head is no field")
	}
	return name, strings.Trim(value, " \t"), nil
}

// end is reached at the empty line after the head: what follows, and is it beyond doubt?
func (f *framing) end() *fault {
	switch {
	case f.lengths > 0 && f.codings > 0:
		return bad("a request may have Content-Length or Transfer-Encoding, not both")
	case f.lengths > 1:
		return bad("Content-Length is there more than once")
	case f.codings > 1:
		return bad("Transfer-Encoding is there more than once")
	case f.codings == 1 && f.old:
		return bad("HTTP/1.0 has no Transfer-Encoding")
	case f.codings == 1 && !strings.EqualFold(f.coding, "chunked"):
		return &fault{http.StatusNotImplemented, "chunked is the only Transfer-Encoding that is known here"}
	case f.expected != "" && !strings.EqualFold(f.expected, "100-continue"):
		return &fault{http.StatusExpectationFailed, "100-continue is the only expectation that is known here"}
	}
	if f.codings == 1 {
		f.state, f.used = inSize, 0
		return nil
	}
	var n uint64
	if f.lengths == 1 {
		var err error
		if n, err = strconv.ParseUint(f.length, 10, 63); err != nil {
			return bad("Content-Length is no number")
		}
	}
	if f.next(); n > 0 {
		f.state, f.left = inBody, int64(n)
	}
	return nil
}

// size reads the line before a chunk.
func (f *framing) size(text []byte) *fault {
	digits, _, _ := strings.Cut(string(text), ";")
	n, err := strconv.ParseUint(digits, 16, 62)
	if err != nil {
		return bad("the length of a chunk is no number")
	}
	if f.used = 0; n == 0 {
		f.state = inTrailer
		return nil
	}
	f.state, f.left = inChunk, int64(n)
	return nil
}

func bad(reason string) *fault { return &fault{http.StatusBadRequest, reason} }
