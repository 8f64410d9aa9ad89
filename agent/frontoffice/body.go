package frontoffice

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

const (
	slowGrace = 30 * time.Second // a body may start slowly
	slowRate  = 1 << 10          // then it must have come at this many bytes a second on the whole
)

var (
	errSlow   = errors.New("body comes too slowly")
	errMemory = errors.New("too many forms at once")
	errLarge  = errors.New("over the limit")
	errRoom   = errors.New("no room on the disk")
)

// pacedReader ends a body that stands still or trickles. It moves the connection's read deadline along.
type pacedReader struct {
	r     io.Reader
	rc    *http.ResponseController
	clock connectors.Clock
	idle  time.Duration
	start time.Time
	n     int64
	came  func(n, total int64) error // is told what has come; nil: nobody
}

func (p *pacedReader) Read(b []byte) (int, error) {
	now := p.clock.Now()
	if p.start.IsZero() {
		p.start = now
	}
	if d := now.Sub(p.start) - slowGrace; d > 0 && p.n < int64(d/time.Second)*slowRate {
		return 0, errSlow
	}
	_ = p.rc.SetReadDeadline(now.Add(p.idle)) // not every writer of a test has deadlines
	n, err := p.r.Read(b)
	if p.n += int64(n); p.came != nil && n > 0 {
		if over := p.came(int64(n), p.n); over != nil {
			return n, over
		}
	}
	return n, err
}

// cappedReader fails once more than left bytes were read.
type cappedReader struct {
	r    io.Reader
	left int64
	over bool
}

func (c *cappedReader) Read(b []byte) (int, error) {
	if int64(len(b)) > c.left+1 {
		b = b[:c.left+1]
	}
	n, err := c.r.Read(b)
	if int64(n) > c.left {
		c.over = true
		return int(c.left), errLarge
	}
	c.left -= int64(n)
	return n, err
}

// digested reads an attachment of a form that is only taken if it is known: then its content is there already.
func digested(r io.Reader) (connectors.Blob, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return connectors.Blob{Digest: connectors.Digest(h.Sum(nil)), Size: n}, err
}

// memory counts bytes of forms that are held while they are being received and accepted.
type memory struct {
	used  atomic.Int64
	limit int64
}

// read reads r to its end, at most limit bytes, and counts them, also those of one front office, which may have most of them at
// once; release gives them back.
func (m *memory) read(r io.Reader, limit int64, of *atomic.Int64, most int64) (b []byte, release func(), err error) {
	var held int64
	release = func() { m.used.Add(-held); of.Add(-held) }
	c := &cappedReader{r: r, left: limit}
	var buf bytes.Buffer
	for {
		const step = 32 << 10
		held += step
		if m.used.Add(step) > m.limit || of.Load()+step > most {
			of.Add(step) // release takes it off
			release()
			return nil, nil, errMemory
		}
		of.Add(step)
		n, err := io.CopyN(&buf, c, step)
		if err == io.EOF || err == nil && n < step {
			return buf.Bytes(), release, nil
		}
		if err != nil {
			release()
			return nil, nil, err
		}
	}
}

// mediaType returns the lower-case media type of a form, or false if no form can be of that type.
func mediaType(header string) (string, bool) {
	t, params, err := mime.ParseMediaType(header)
	if err != nil {
		return "", false
	}
	switch {
	case t == "application/json", t == "application/xml", t == "text/xml", t == "application/x-www-form-urlencoded",
		t == "text/csv", strings.HasPrefix(t, "application/") && (strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml")):
		// JSON and urlencoded forms are UTF-8; XML and CSV say their charset in their own way, which must agree.
		if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") && (strings.HasSuffix(t, "json") || strings.HasSuffix(t, "urlencoded")) {
			return "", false
		}
		return t, true
	case t == "multipart/form-data":
		return t, params["boundary"] != ""
	}
	return "", false
}

// bodyProblem tells what went wrong while a body was read.
func (a *API) bodyProblem(err error) *Problem {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "a request may have %d bytes", a.limits.Request).with("Connection", "close")
	case errors.Is(err, errLarge):
		return problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "a form may have %d bytes", a.limits.Form).with("Connection", "close")
	case errors.Is(err, errMemory):
		return problem(http.StatusServiceUnavailable, CodeBusy, "too many forms at once").retry(5*time.Second).with("Connection", "close")
	case errors.Is(err, errRoom):
		return noRoom().problem().with("Connection", "close")
	case errors.Is(err, errSlow), errors.Is(err, os.ErrDeadlineExceeded):
		return problem(http.StatusRequestTimeout, CodeTooSlow, "the body came too slowly").with("Connection", "close")
	}
	return problem(http.StatusBadRequest, CodeMultipart, "the body could not be read to its end").with("Connection", "close")
}
