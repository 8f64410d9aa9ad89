package frontoffice

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice/wire"
	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
)

// answerTime is how long writing an ordinary answer may take.
const answerTime = 30 * time.Second

// slots bounds how much happens at once.
type slots struct {
	used atomic.Int64
	max  int64
}

// TryAcquire takes a slot, or says that none is free.
func (s *slots) TryAcquire() bool {
	if s.used.Add(1) > s.max {
		s.used.Add(-1)
		return false
	}
	return true
}

// Release gives a slot back.
func (s *slots) Release() { s.used.Add(-1) }

// recorder remembers the status of an answer, and does not let it wait for the rest of a body.
type recorder struct {
	http.ResponseWriter
	status int
	body   *pacedReader // that the answer is for; nil: none
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
		if r.body != nil && !r.body.whole {
			_ = r.body.rc.SetReadDeadline(r.body.clock.Now().Add(owedTime)) // not every writer of a test has deadlines
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through to the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// share is what one of several front offices may take of what all share, so that the others can go on.
const shareOf, shareIn = 3, 4

// places are how many requests of one kind are answered at once. Forms have some of their own: whoever reads keeps no
// form from being accepted.
type places struct {
	slots
	of func(*account) *atomic.Int64
}

// placesOf returns the places of a request's kind.
func (a *API) placesOf(r *http.Request) *places {
	if r.Method == http.MethodPost {
		return &a.posts
	}
	return &a.reads
}

// enter takes a place for a request of a front office; nobody takes all where there are others.
func (p *places) enter(x *account, several bool) bool {
	most := p.max
	if several {
		most = max(1, most*shareOf/shareIn)
	}
	if p.of(x).Add(1) <= most && p.TryAcquire() {
		return true
	}
	p.of(x).Add(-1)
	return false
}

func (p *places) leave(x *account) {
	p.Release()
	p.of(x).Add(-1)
}

// back takes a place again after a wait, whether one is free or not.
func (p *places) back(x *account) {
	p.used.Add(1)
	p.of(x).Add(1)
}

// middleware wraps the operations with what holds for all of them, outermost first: headers, a panic
// that ends one request only, the path, who asks, how often, and the number of requests.
func (a *API) middleware(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed := wire.Compress(w, r)
		rec := &recorder{ResponseWriter: packed}
		q := &call{w: rec, r: r, body: a.pace(w, r)}
		if r.ContentLength != 0 {
			rec.body = q.body
		}
		operation, methods := route(r.URL)
		defer func() {
			if v := recover(); v != nil {
				a.panicked(rec, v)
			}
			packed.Finish()
			a.answered(operation, rec.status)
		}()
		securityHeaders(w.Header(), r)
		if p := a.admit(r, operation, methods); p != nil {
			p.write(rec)
			return
		}
		if operation != "openapi" {
			p, leave := a.identify(q)
			if p != nil {
				p.write(rec)
				return
			}
			defer leave()
		}
		q.patient(0, a.clock)
		if r.Method == http.MethodPut {
			if p := a.readSmall(q); p != nil {
				p.write(rec)
				return
			}
		}
		mux.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), callKey{}, q)))
	})
}

// identify finds out who asks, and lets them in if their quota and the number of requests allow; leave is called when they are answered.
func (a *API) identify(q *call) (p *Problem, leave func()) {
	who, wrong, p := a.offices.Load().authenticate(q.r)
	if wrong {
		a.wrongToken()
		return a.refuseToken(q.r, p), nil
	}
	if p != nil {
		return p, nil
	}
	httpserver.Trust(q.r.Context())
	q.account, q.office = who, who.name
	if p := a.tooOften(q.r.Context(), who); p != nil {
		return p, nil
	}
	at := a.placesOf(q.r)
	if !at.enter(who, a.offices.Load().several) {
		return problem(http.StatusServiceUnavailable, CodeBusy, "too many requests at once").Later(time.Second), nil
	}
	return nil, func() { at.leave(who) }
}

// admit refuses what cannot be answered at all.
func (a *API) admit(r *http.Request, operation string, methods []string) *Problem {
	select {
	case <-a.stopping:
		return problem(http.StatusServiceUnavailable, CodeStopping, "the agent is stopping").Later(10*time.Second).with("Connection", "close")
	default:
	}
	if operation == "" {
		return notFound()
	}
	for _, m := range methods {
		if r.Method == m {
			return ambiguous(r, operation)
		}
	}
	return problem(http.StatusMethodNotAllowed, CodeMethod, "this path knows: %s", strings.Join(methods, ", ")).with("Allow", strings.Join(methods, ", "))
}

// panicked turns a panic into an answer if none was begun, and into a notice. The panic's text may hold
// what was sent, so that only its kind is told.
func (a *API) panicked(rec *recorder, v any) {
	if v == http.ErrAbortHandler {
		panic(v) // net/http's own way to end a connection
	}
	a.notify(connectors.Notice{Code: CodeInternal, Text: "a request of the HTTP API ended in a panic"})
	if rec.status == 0 {
		internal().write(rec)
	}
}

func securityHeaders(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-cache")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// call is one authenticated request.
type call struct {
	*account
	office string
	w      http.ResponseWriter
	r      *http.Request
	body   *pacedReader // of r
}

type callKey struct{}

// callOf returns the call that a handler works for; every handler has one.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// patient moves the connection's deadlines so that the answer may take d longer. Without that the
// server's own deadlines would cut a long poll, and with it the request's context.
func (q *call) patient(d time.Duration, clock connectors.Clock) {
	rc := http.NewResponseController(q.w)
	until := clock.Now().Add(d + answerTime)
	_ = rc.SetReadDeadline(until) // not every writer of a test has deadlines
	_ = rc.SetWriteDeadline(until)
}

// route returns the operation's name for counting, and the methods a path knows; no name for a path that
// is not ours. It is strict: what http.ServeMux would tidy up and redirect, such as // and .., and what
// hides a slash in %2F, is not found.
func route(u *url.URL) (operation string, methods []string) {
	if u.RawPath != "" || !strings.HasPrefix(u.Path, "/v1/") {
		return "", nil
	}
	get, post, put := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}, []string{http.MethodGet, http.MethodHead, http.MethodPut}
	s := strings.Split(u.Path[len("/v1/"):], "/")
	for _, e := range s {
		if e == "" || e == "." || e == ".." {
			return "", nil
		}
	}
	switch {
	case len(s) == 1 && s[0] == "openapi.json":
		return "openapi", get
	case len(s) == 1 && s[0] == "submissions":
		return "submit", post
	case len(s) == 1 && s[0] == "events":
		return "events", get
	case len(s) == 2 && s[0] == "submissions":
		return "status", get
	case len(s) == 2 && s[0] == "cursors":
		return "cursor", put
	case len(s) == 3 && s[0] == "submissions" && s[2] == "events":
		return "history", get
	case len(s) == 4 && s[0] == "submissions" && s[2] == "documents":
		return "document", get
	}
	return "", nil
}
