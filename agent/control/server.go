package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
)

// maxRequest bounds an order without its documents, in bytes.
const maxRequest = 1 << 20

// maxConnections is how many may give orders at once.
const maxConnections = 128

// stopWithin is how long orders in progress may take when the agent stops.
const stopWithin = 2 * time.Second

// Server takes orders. Listen makes it, Serve runs it, Close may be called twice and at any time.
type Server struct {
	listener net.Listener
	path     string // of the socket, or of the file with the key
	key      string // empty: the socket's own rights are enough
	closing  sync.Once
}

func listenError(err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen for orders", Hint: "look at the rights of the state folder", Err: err}
}

// Close stops taking orders and removes what Listen has made.
func (s *Server) Close() (err error) {
	s.closing.Do(func() {
		if err = s.listener.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
		if rm := os.Remove(s.path); rm != nil && !errors.Is(rm, os.ErrNotExist) {
			err = errors.Join(err, rm)
		}
	})
	return err
}

// Over makes a server on a listener that is there already, which lets nobody in who may not give orders.
func Over(l net.Listener) *Server { return &Server{listener: l} }

// Serve answers orders until ctx ends or the server is closed; it closes the server.
func (s *Server) Serve(ctx context.Context, orders []Handler) error {
	web := &http.Server{
		Handler:           handler(s.key, orders),
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
func handler(key string, orders []Handler) http.Handler {
	mux := http.NewServeMux()
	for _, o := range orders {
		mux.HandleFunc("POST /"+o.name, o.serve)
	}
	return guarded(key, mux)
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
