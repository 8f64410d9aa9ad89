package frontoffice

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/httpserver"
	"github.com/inbasket/inbasket/connectors"
)

const stopTime = 10 * time.Second // longest clean end

// ListenConfig says where to listen.
type ListenConfig struct {
	Address     string // host:port; port 0 takes a free one
	Certificate string // PEM file with the chain; absolute path; needed beyond loopback
	Key         string // PEM file

	Connections int                // at once; 0: as many as usual
	PerAddress  int                // of one address without a token; 0: the same
	Proxies     httpserver.Proxies // that many clients share
	Ended       func()             // is told of each connection that had to go for others; nil: nobody
}

// Validate reports whether the address may be listened on like this; it does no I/O.
func (c ListenConfig) Validate() error {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen", Hint: "host:port, such as 127.0.0.1:8443", Err: err}
	}
	if (c.Certificate == "") != (c.Key == "") {
		return connectors.Errorf(connectors.TargetError, CodeTLSRequired, "listen", "name both certificate and key", "half a pair")
	}
	if c.Certificate == "" && !loopback(host) {
		return connectors.Errorf(connectors.TargetError, CodeTLSRequired, "listen on "+c.Address,
			"name certificate and key, or listen on 127.0.0.1", "no TLS beyond this machine")
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// Server serves a handler on one address.
type Server struct {
	http  *http.Server
	ln    *httpserver.Listener
	stop  func()
	close sync.Once
	err   error
	until func() time.Time // nil: without a certificate
}

// Listen takes the address; stop is called first when the server is closed, to end what waits. It reads
// the certificate, and again whenever the files change; a wrong one is told to notify and not used.
func Listen(ctx context.Context, c ListenConfig, h http.Handler, stop func(), clock connectors.Clock, notify func(connectors.Notice)) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var conf *tls.Config
	var until func() time.Time
	if c.Certificate != "" {
		store := &certificates{config: c, clock: clock, notify: notify}
		if err := store.load(); err != nil {
			return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeCertificate, Op: "listen on " + c.Address,
				Hint: "check certificate and key", Err: err}
		}
		conf = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: store.get, NextProtos: []string{"h2", "http/1.1"}}
		until = store.until
	}
	lc := net.ListenConfig{KeepAlive: -1} // every wait has a time limit; asking the kernel for more costs with each connection
	ln, err := lc.Listen(ctx, "tcp", c.Address)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen on " + c.Address,
			Hint: "another program may have the address", Err: err}
	}
	s := newServer(httpserver.New(ln, httpserver.Options{TLS: conf, Connections: c.Connections, PerAddress: c.PerAddress, Proxies: c.Proxies,
		Tokens: true, Problem: unreadable, Ended: c.Ended}), conf, h, stop)
	s.until = until
	return s, nil
}

func newServer(ln *httpserver.Listener, conf *tls.Config, h http.Handler, stop func()) *Server {
	if stop == nil {
		stop = func() {}
	}
	return &Server{ln: ln, stop: stop, http: &http.Server{
		Handler:           h,
		TLSConfig:         conf,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       answerTime, // moved along by what needs longer
		WriteTimeout:      2 * answerTime,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // what strangers' connections do wrong is no news
	}}
}

// unreadable is the answer to what is no request.
func unreadable(status int, reason string) (contentType string, body []byte) {
	if reason == "" {
		reason = "the request cannot be read"
	}
	code := CodeHTTP
	if status == http.StatusRequestTimeout {
		code = CodeTooSlow
	}
	p := problem(status, code, "%s", reason)
	body, _ = json.Marshal(p) // texts and a number
	return p.ContentType(""), append(body, '\n')
}

// Open counts the connections that have shown a token, and those that have not.
func (s *Server) Open() (trusted, strangers int) { return s.ln.Open() }

// Connections returns how many connections there may be at once.
func (s *Server) Connections() int { return s.ln.Connections() }

// CertificateUntil returns until when the certificate is valid; zero without one.
func (s *Server) CertificateUntil() time.Time {
	if s.until == nil {
		return time.Time{}
	}
	return s.until()
}

// Addr returns the address that is listened on.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Serve answers until Close; then it returns nil.
func (s *Server) Serve() error {
	err := s.ln.Serve(s.http)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve HTTP: %w", err)
}

// Close ends long polls, waits for requests that are being answered, at most ten seconds, and cuts the rest.
func (s *Server) Close(ctx context.Context) error {
	s.close.Do(func() {
		s.stop()
		ctx, cancel := context.WithTimeout(ctx, stopTime)
		defer cancel()
		if s.err = s.http.Shutdown(ctx); s.err != nil {
			s.err = errors.Join(s.err, s.http.Close())
		}
		s.ln.End() // also where Serve was never called
	})
	return s.err
}
