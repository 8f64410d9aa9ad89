package frontoffice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

const (
	maxConns    = 1024             // connections at once; further ones wait in the kernel's queue
	stopTime    = 10 * time.Second // longest clean end
	headerBytes = 32 << 10
)

// ListenConfig says where to listen.
type ListenConfig struct {
	Address     string // host:port; port 0 takes a free one
	Certificate string // PEM file with the chain; absolute path; needed beyond loopback
	Key         string // PEM file
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
	ln    net.Listener
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
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", c.Address)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeListen, Op: "listen on " + c.Address,
			Hint: "another program may have the address", Err: err}
	}
	s := newServer(newLimited(ln, maxConns), conf, h, stop)
	s.until = until
	return s, nil
}

func newServer(ln net.Listener, conf *tls.Config, h http.Handler, stop func()) *Server {
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
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // what strangers' connections do wrong is no news
	}}
}

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
	var err error
	if s.http.TLSConfig != nil {
		err = s.http.ServeTLS(s.ln, "", "")
	} else {
		err = s.http.Serve(s.ln)
	}
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
		_ = s.ln.Close() // Serve may never have been called
	})
	return s.err
}

// limited is a listener with so many connections at once.
type limited struct {
	net.Listener
	free chan struct{}
	done chan struct{}
	once sync.Once
}

func newLimited(ln net.Listener, n int) *limited {
	return &limited{Listener: ln, free: make(chan struct{}, n), done: make(chan struct{})}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{Conn: c, release: func() { <-l.free }}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once    sync.Once
	release func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}
