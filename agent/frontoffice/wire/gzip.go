package wire

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// compressFrom is how many bytes an answer must have to be compressed.
const compressFrom = 1 << 10

// Compressor compresses JSON answers that are large, for clients that take gzip. Documents go as they are: most are compressed
// already, and parts of them can be asked for.
type Compressor struct {
	http.ResponseWriter
	takes  bool // the client takes gzip
	status int
	begun  bool   // status and headers are out
	held   []byte // while it is not known whether the answer is large
	zip    *gzip.Writer
}

// Compress makes the writer of an answer to a request.
func Compress(w http.ResponseWriter, r *http.Request) *Compressor {
	return &Compressor{ResponseWriter: w, takes: takesGzip(r.Header.Values("Accept-Encoding"))}
}

var zips = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return z }} // the level is right

// takesGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func takesGzip(values []string) bool {
	any := false
	for _, e := range strings.Split(strings.Join(values, ","), ",") {
		name, params, _ := strings.Cut(e, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // what is no number is 0
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return q > 0
		case "*":
			any = q > 0
		}
	}
	return any
}

// may tells whether the answer may be compressed: JSON, but no document, whatever that is.
func (p *Compressor) may() bool {
	h := p.Header()
	typ, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.HasSuffix(typ, "json") && h.Get("Content-Encoding") == "" && h.Get("Repr-Digest") == ""
}

// WriteHeader waits for the first bytes where the answer may be compressed.
func (p *Compressor) WriteHeader(status int) {
	if p.status != 0 {
		return
	}
	if p.status = status; status == http.StatusNotModified || p.may() {
		p.Header().Add("Vary", "Accept-Encoding")
	}
	if !p.takes || !p.may() || status == http.StatusNotModified {
		p.begin()
	}
}

func (p *Compressor) begin() {
	p.begun = true
	p.ResponseWriter.WriteHeader(p.status)
}

// Write sends or holds a part of the answer.
func (p *Compressor) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.begun {
		if p.zip != nil {
			return p.zip.Write(b)
		}
		return p.ResponseWriter.Write(b)
	}
	p.held = append(p.held, b...)
	if len(p.held) < compressFrom {
		return len(b), nil
	}
	h := p.Header()
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		h.Set("ETag", "W/"+tag) // the same answer in other bytes
	}
	p.begin()
	p.zip, _ = zips.Get().(*gzip.Writer)
	p.zip.Reset(p.ResponseWriter)
	_, err := p.zip.Write(p.held)
	return len(b), err
}

// Finish sends what is held.
func (p *Compressor) Finish() {
	if p.zip != nil {
		_ = p.zip.Close() // who is gone needs no end
		zips.Put(p.zip)
		p.zip = nil
		return
	}
	if p.status != 0 && !p.begun {
		p.begin()
		_, _ = p.ResponseWriter.Write(p.held) // the same
	}
}

// Unwrap lets http.ResponseController through to the connection.
func (p *Compressor) Unwrap() http.ResponseWriter { return p.ResponseWriter }
