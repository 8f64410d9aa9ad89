package frontoffice

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

type documentInput struct {
	ID string `path:"id" maxLength:"40" doc:"the submission's ID"`
	N  string `path:"n" maxLength:"10" doc:"the document's number, from 1"`
}

// document is GET /v1/submissions/{id}/documents/{n}, whole or in ranges.
func (a *API) document(ctx context.Context, in *documentInput) (*huma.StreamResponse, error) {
	q := callOf(ctx)
	id, p := parseID(in.ID)
	if p != nil {
		return nil, p
	}
	n, err := strconv.Atoi(in.N)
	if err != nil || strconv.Itoa(n) != in.N {
		return nil, notFound()
	}
	if _, err := a.own(ctx, q.office, id); err != nil {
		return nil, a.readProblem(err)
	}
	files, err := a.journal.Documents(ctx, id)
	if err != nil {
		return nil, a.readProblem(err)
	}
	if n < 1 || n > len(files) {
		return nil, notFound()
	}
	f := files[n-1]
	body, err := a.content.Open(f.Digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem(http.StatusGone, CodeGone, "the document is no longer kept")
	}
	if err != nil {
		return nil, a.readProblem(err)
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer func() { _ = body.Close() }()
		send(q.w, q.r, f, body, a.clock)
	}}, nil
}

// send writes a document with its digest.
func send(w http.ResponseWriter, r *http.Request, f journal.File, body io.ReadSeeker, clock connectors.Clock) {
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(f.Digest[:]) + ":"
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	if t := wire.PlainType(f.ContentType); t != "" {
		h.Set("Content-Type", t)
	}
	h.Set("Content-Disposition", disposition(f.Name))
	h.Set("Repr-Digest", digest)
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(f.Digest[:])+`"`)
	h.Set("Cache-Control", "private, no-cache")
	sw := &steadyWriter{ResponseWriter: w, rc: http.NewResponseController(w), clock: clock, digest: digest, size: f.Size}
	http.ServeContent(sw, ranged(r, f.Size), "", time.Time{}, body)
}

// ranged returns a request whose Range net/http reads as RFC 9110 (14.2) means it: it is passed over where it is in another
// unit, for another method than GET, and for a document without a byte; and the last 0 bytes are a part that no document has.
func ranged(r *http.Request, size int64) *http.Request {
	unit, set, _ := strings.Cut(r.Header.Get("Range"), "=")
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	if !strings.EqualFold(unit, "bytes") || r.Method != http.MethodGet || size == 0 {
		return r
	}
	list := strings.Split(set, ",")
	for i, one := range list {
		if one = strings.Trim(one, " \t"); len(one) > 1 && one[0] == '-' && strings.Trim(one[1:], "0") == "" {
			list[i] = strconv.FormatInt(size, 10) + "-"
		}
	}
	r.Header.Set("Range", "bytes="+strings.Join(list, ","))
	return r
}

// steadyWriter gives a slow but steady reader all the time it needs, and one that stands still half a
// minute. It adds Content-Digest when the whole document is sent, and makes a problem of what net/http refuses.
type steadyWriter struct {
	http.ResponseWriter
	rc      *http.ResponseController
	clock   connectors.Clock
	digest  string
	size    int64
	start   time.Time
	n       int64
	refused bool
}

func (s *steadyWriter) WriteHeader(status int) {
	switch {
	case status == http.StatusOK:
		s.Header().Set("Content-Digest", s.digest)
	case status >= http.StatusBadRequest:
		s.refuse(status)
		return
	}
	s.ResponseWriter.WriteHeader(status)
}

// refuse answers instead of net/http, whose words are no problem document.
func (s *steadyWriter) refuse(status int) {
	s.refused = true
	for _, name := range []string{"Content-Disposition", "Content-Length", "Repr-Digest", "ETag"} {
		s.Header().Del(name)
	}
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		s.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(s.size, 10)) // net/http leaves it out where the range makes no sense
		problem(status, CodeRange, "the document has no such part; Content-Range has its size").write(s.ResponseWriter)
	case http.StatusPreconditionFailed:
		problem(status, CodePrecondition, "the document is not the one that If-Match or If-Unmodified-Since names").write(s.ResponseWriter)
	default:
		internal().write(s.ResponseWriter)
	}
}

func (s *steadyWriter) Write(b []byte) (int, error) {
	if s.refused {
		return len(b), nil
	}
	now := s.clock.Now()
	if s.start.IsZero() {
		s.start = now
	}
	if d := now.Sub(s.start) - slowGrace; d > 0 && s.n < int64(d/time.Second)*slowRate {
		return 0, errSlow
	}
	_ = s.rc.SetWriteDeadline(now.Add(30 * time.Second)) // not every writer of a test has deadlines
	n, err := s.ResponseWriter.Write(b)
	s.n += int64(n)
	return n, err
}

// disposition makes a browser save the document under its name instead of showing it; the name is given
// in ASCII and, where that is not enough, in UTF-8 (RFC 6266).
func disposition(name string) string {
	name, ok := wire.SafeName(name)
	if !ok {
		return "attachment"
	}
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	s := `attachment; filename="` + ascii + `"`
	if ascii != name {
		s += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return s
}

func documentPath(id journal.ID, n int) string {
	return "/v1/submissions/" + id.String() + "/documents/" + strconv.Itoa(n)
}
