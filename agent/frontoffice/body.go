package frontoffice

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

const (
	slowGrace = 30 * time.Second // a body may start slowly
	slowRate  = 1 << 10          // then it must have come at this many bytes a second on the whole
	owedTime  = 2 * time.Second  // for the rest of a body that nobody wants, which net/http reads before an answer goes out
)

var (
	errSlow   = errors.New("body comes too slowly")
	errMemory = errors.New("too many forms at once")
	errRoom   = errors.New("no room on the disk")
)

// brokenBody is every error that comes from a request's body itself, and not from what it is read for.
type brokenBody struct{ error }

func (b brokenBody) Unwrap() error { return b.error }

// frameError says that a body is not sent as HTTP has it.
type frameError struct{ reason string }

func (f *frameError) Error() string { return f.reason }

// pacedReader ends a body that stands still or trickles. It moves the connection's deadlines along: the next bytes have their time,
// and an answer has, which may be due after any of them.
type pacedReader struct {
	r     io.Reader
	rc    *http.ResponseController
	clock connectors.Clock
	idle  time.Duration
	start time.Time
	n     int64
	came  func(n, total int64) error // is told what has come; nil: nobody
	whole bool                       // it was read to its end
	fault func() string              // what is wrong with the frame of the body; empty: nothing
	ended error                      // why the body could not be read to its end; who reads it may have made another error of it
}

// pace puts a request's body under its limits.
func (a *API) pace(w http.ResponseWriter, r *http.Request) *pacedReader {
	p := &pacedReader{r: &wire.Capped{R: r.Body, What: "a request", Most: a.limits.Request}, rc: http.NewResponseController(w), clock: a.clock, idle: a.limits.Idle,
		fault: func() string { return httpserver.Fault(r.Context()) }}
	r.Body = p
	return p
}

func (p *pacedReader) Read(b []byte) (int, error) {
	now := p.clock.Now()
	if p.start.IsZero() {
		p.start = now
	}
	if d := now.Sub(p.start) - slowGrace; d > 0 && p.n < int64(d/time.Second)*slowRate {
		return 0, p.end(errSlow)
	}
	_ = p.rc.SetReadDeadline(now.Add(p.idle)) // not every writer of a test has deadlines
	_ = p.rc.SetWriteDeadline(now.Add(p.idle + answerTime))
	n, err := p.r.Read(b)
	if p.n += int64(n); p.came != nil && n > 0 {
		if over := p.came(int64(n), p.n); over != nil {
			return n, p.end(over)
		}
	}
	switch {
	case err == nil, err == io.EOF:
		p.whole = err == io.EOF
		return n, err
	case p.clock.Now().Sub(now) >= p.idle: // not all that net/http makes of a deadline says so
		err = errSlow
	default:
		if reason := p.fault(); reason != "" {
			err = &frameError{reason}
		}
	}
	return n, p.end(err)
}

func (p *pacedReader) end(why error) error {
	p.ended = brokenBody{why}
	return p.ended
}

// Close leaves the body to net/http.
func (p *pacedReader) Close() error { return nil }

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

// read reads r to its end, length bytes as it says and at most limit, and counts them, also those of one front office, which may have
// most of them at once; release gives them back.
func (m *memory) read(r io.Reader, length, limit int64, of *atomic.Int64, most int64) (b []byte, release func(), err error) {
	var held int64
	release = func() { m.used.Add(-held); of.Add(-held) }
	c := &wire.Capped{R: r, What: "a form", Most: limit}
	const step = 32 << 10
	var buf bytes.Buffer
	for {
		held += step
		if m.used.Add(step) > m.limit || of.Load()+step > most {
			of.Add(step) // release takes it off
			release()
			return nil, nil, errMemory
		}
		of.Add(step)
		if held == step {
			buf.Grow(int(min(max(length, 0), step)) + bytes.MinRead) // the last of which the end is read into
		}
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
	if t == "multipart/form-data" {
		return t, params["boundary"] != ""
	}
	_, takes, _ := decode.ByMedia(t) // whether the charset is the one that the form is read in, its mapping tells
	return t, takes
}

// smallBody is how many bytes what is no form may have.
const smallBody = 4 << 10

// readSmall reads the body of what is no form, before huma does, which has no words of ours for what is wrong with it.
func (a *API) readSmall(q *call) *Problem {
	b, err := io.ReadAll(&wire.Capped{R: q.body, What: "the body of this request", Most: smallBody})
	if err != nil {
		return a.bodyProblem(err)
	}
	q.r.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// bodyProblem tells what went wrong while a body was read.
func (a *API) bodyProblem(err error) *Problem {
	var large *wire.TooLarge
	var broken brokenBody
	var frame *frameError
	p := problem(http.StatusBadRequest, CodeMultipart, "the multipart body is broken: it does not end with its boundary, or a part has no proper head")
	switch {
	case errors.As(err, &large):
		p = a.largeProblem(large.What, large.Most, "bytes")
	case errors.Is(err, errMemory):
		p = problem(http.StatusServiceUnavailable, CodeBusy, "too many forms at once").Later(5 * time.Second)
	case errors.Is(err, errRoom):
		p = noRoom()
	case errors.Is(err, errSlow), errors.Is(err, os.ErrDeadlineExceeded):
		p = problem(http.StatusRequestTimeout, CodeTooSlow, "the body came too slowly: it may pause for %s, and must come at %d bytes a second on the whole", a.limits.Idle, slowRate)
	case errors.Is(err, wire.ErrHead):
		p = problem(http.StatusBadRequest, CodeMultipart, "the head of a part is longer than %d bytes", headLimit)
	case errors.As(err, &frame):
		p = problem(http.StatusBadRequest, CodeHTTP, "%s", frame.reason)
	case errors.As(err, &broken):
		p = problem(http.StatusBadRequest, CodeCut, "the body ended before the end that the request announced; send it again, whole")
	}
	return p.with("Connection", "close")
}

// largeProblem says which limit was hit, and who sets it.
func (a *API) largeProblem(what string, most int64, unit string) *Problem {
	by := "this limit is built in"
	switch {
	case most == a.limits.Request && unit == "bytes":
		by = "the agency sets this limit: listen.max-body"
	case most == a.limits.Form && unit == "bytes":
		by = "the agency sets this limit: listen.max-form"
	}
	return problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "%s may have %d %s; %s", what, most, unit, by)
}
