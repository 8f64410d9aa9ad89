package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/agent/journal"
)

// maxRequest bounds an order without its documents, in bytes.
const maxRequest = 1 << 20

// maxConnections is how many may give orders at once.
const maxConnections = 128

// stopWithin is how long orders in progress may take when the agent stops.
const stopWithin = 2 * time.Second

// Over makes a server on a listener that is there already, which lets nobody in who may not give orders.
func Over(l net.Listener) *Server { return &Server{listener: l} }

// Serve answers orders until ctx ends or the server is closed; it closes the server.
func (s *Server) Serve(ctx context.Context, op Operator) error {
	web := &http.Server{
		Handler:           handler(s.key, op),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, peerKey{}, peerOf(c))
		},
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err := web.Shutdown(limit)
		if err != nil {
			err = web.Close()
		}
		stopped <- err
	})
	ln := httpserver.New(s.listener, httpserver.Options{Connections: maxConnections})
	defer ln.End()
	err := ln.Serve(web)
	if !stop() {
		err = <-stopped
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

type peerKey struct{}

// handler is the protocol: one POST an order, its name in the path.
func handler(key string, op Operator) http.Handler {
	mux := http.NewServeMux()
	order(mux, "status", func(ctx context.Context, _ struct{}, _ string) (Status, error) { return op.Status(ctx) })
	order(mux, "list", func(ctx context.Context, f listRequest, _ string) ([]journal.Entry, error) {
		return op.List(ctx, journal.Filter(f))
	})
	order(mux, "show", func(ctx context.Context, r showRequest, by string) (View, error) {
		if r.Raw {
			v, err := op.ShowRaw(ctx, ShowRawRequest{ID: r.ID, By: by})
			return ViewOf(v, true), err
		}
		v, err := op.Show(ctx, r.ID)
		return ViewOf(v, false), err
	})
	order(mux, "batches", func(ctx context.Context, r batchesRequest, _ string) ([]Batch, error) {
		b, err := op.Batches(ctx, r.Target, r.Open)
		return BatchesOf(b), err
	})
	order(mux, "confirm", func(ctx context.Context, r ConfirmRequest, by string) (Settled, error) {
		r.By = by
		return op.Confirm(ctx, r)
	})
	resultOrders(mux, op)
	restoreOrders(mux, op)
	auditOrders(mux, op)
	noteOrders(mux, op)
	archiveOrders(mux, op)
	doctorOrders(mux, op)
	order(mux, "retry", func(ctx context.Context, r RetryRequest, by string) ([]Settled, error) {
		r.By = by
		return op.Retry(ctx, r)
	})
	order(mux, "release", func(ctx context.Context, r ReleaseRequest, by string) ([]Settled, error) {
		r.By = by
		return op.Release(ctx, r)
	})
	order(mux, "reject", func(ctx context.Context, r RejectRequest, by string) (Settled, error) {
		r.By = by
		return op.Reject(ctx, r)
	})
	order(mux, "pause", func(ctx context.Context, r PauseRequest, by string) (struct{}, error) {
		r.By = by
		return struct{}{}, op.Pause(ctx, r)
	})
	order(mux, "redeliver", func(ctx context.Context, r RedeliverRequest, by string) (RedeliverReport, error) {
		r.By = by
		return op.Redeliver(ctx, r)
	})
	order(mux, "void", func(ctx context.Context, r VoidRequest, by string) (struct{}, error) {
		r.By = by
		return struct{}{}, op.Void(ctx, r)
	})
	order(mux, "reload", func(ctx context.Context, r ReloadRequest, by string) (ReloadReport, error) {
		r.By = by
		return op.Reload(ctx, r)
	})
	mux.HandleFunc("POST /decide", func(w http.ResponseWriter, r *http.Request) { decide(w, r, op) })
	return guarded(key, mux)
}

// listRequest is journal.Filter on the way: a zero ID is no ID there.
type listRequest struct {
	State     journal.State    `json:"state,omitzero"`
	Route     string           `json:"route,omitzero"`
	Target    string           `json:"target,omitzero"`
	Progress  journal.Progress `json:"progress,omitzero"`
	Office    string           `json:"office,omitzero"`
	Reference string           `json:"reference,omitzero"`
	Since     time.Time        `json:"since,omitzero"`
	Until     time.Time        `json:"until,omitzero"`
	After     journal.ID       `json:"after,omitzero"`
	Limit     int              `json:"limit,omitzero"`
}

type showRequest struct {
	ID  journal.ID `json:"id"`
	Raw bool       `json:"raw,omitempty"`
}

type batchesRequest struct {
	Target string `json:"target"`
	Open   bool   `json:"open"`
}

// guarded lets only those in who know the key, where the socket itself has no rights. A browser cannot
// send the header without asking first, and is not answered.
func guarded(key string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get(keyHeader)), []byte(key)) != 1 {
			fail(w, &Error{Code: CodePermission, Message: "this account may not give orders to the agent", Status: http.StatusForbidden})
			return
		}
		next.ServeHTTP(w, r)
	})
}

const (
	keyHeader  = "Inbasket-Control-Key"
	userHeader = "Inbasket-User"
)

func order[Request, Answer any](mux *http.ServeMux, name string, do func(context.Context, Request, string) (Answer, error)) {
	mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
		var req Request
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
		d.DisallowUnknownFields()
		if err := d.Decode(&req); err != nil {
			fail(w, &Error{Code: CodeProtocol, Message: "the order cannot be read", Hint: "command and agent must be of one version", Status: http.StatusBadRequest})
			return
		}
		answer, err := do(r.Context(), req, actor(r))
		if err != nil {
			fail(w, errorOf(err))
			return
		}
		reply(w, http.StatusOK, answer)
	})
}

// decide reads the decision first and then streams the documents behind it.
func decide(w http.ResponseWriter, r *http.Request, op Operator) {
	parts, err := r.MultipartReader()
	if err != nil {
		fail(w, &Error{Code: CodeProtocol, Message: "the decision cannot be read", Status: http.StatusBadRequest})
		return
	}
	var req DecideRequest
	part, err := parts.NextPart()
	if err == nil {
		err = json.NewDecoder(io.LimitReader(part, maxRequest)).Decode(&req)
	}
	if err != nil {
		fail(w, &Error{Code: CodeProtocol, Message: "the decision cannot be read", Status: http.StatusBadRequest})
		return
	}
	req.By = actor(r)
	settled, err := op.Decide(r.Context(), req, documents(parts))
	if err != nil {
		fail(w, errorOf(err))
		return
	}
	reply(w, http.StatusOK, settled)
}

func documents(parts *multipart.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for {
			part, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Document{}, fmt.Errorf("read the documents: %w", err))
				return
			}
			name := path.Base(part.FileName())
			if !yield(Document{Name: name, ContentType: part.Header.Get("Content-Type"), Body: part}, nil) {
				return
			}
		}
	}
}

// actor is who gives the order: as the operating system says, else as the caller says.
func actor(r *http.Request) string {
	if name, ok := r.Context().Value(peerKey{}).(string); ok && name != "" {
		return name
	}
	name, err := new(mime.WordDecoder).DecodeHeader(r.Header.Get(userHeader))
	if err != nil || name == "" || len(name) > 100 {
		return "unknown"
	}
	return name
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the caller is gone: nothing is left to tell
}

func fail(w http.ResponseWriter, e *Error) { reply(w, e.Status, e) }
