package frontoffice

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

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

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through to the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// middleware wraps the operations with what holds for all of them, outermost first: headers, a panic
// that ends one request only, the number of requests, the path, and who asks.
func (a *API) middleware(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		operation, methods := route(r.URL)
		defer func() {
			if v := recover(); v != nil {
				a.panicked(rec, v)
			}
			a.count(operation, rec.status)
		}()
		securityHeaders(w.Header(), r)
		if p := a.admit(r, operation, methods); p != nil {
			p.write(rec)
			return
		}
		if !a.requests.TryAcquire() {
			problem(http.StatusServiceUnavailable, CodeBusy, "too many requests at once").retry(time.Second).write(rec)
			return
		}
		defer a.requests.Release()
		q := &call{w: rec, r: r}
		if operation != "openapi" {
			office, p := a.offices.Load().authenticate(r)
			if p != nil {
				p.write(rec)
				return
			}
			q.office = office
		}
		q.patient(0, a.clock)
		mux.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), callKey{}, q)))
	})
}

// admit refuses what cannot be answered at all.
func (a *API) admit(r *http.Request, operation string, methods []string) *Problem {
	select {
	case <-a.stopping:
		return problem(http.StatusServiceUnavailable, CodeStopping, "the agent is stopping").retry(10*time.Second).with("Connection", "close")
	default:
	}
	if operation == "" {
		return notFound()
	}
	for _, m := range methods {
		if r.Method == m {
			return nil
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
		problem(http.StatusInternalServerError, CodeInternal, "the agent failed; repeat the request later").write(rec)
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
