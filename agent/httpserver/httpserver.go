// Package httpserver is what all HTTP listeners of the agent have in common: no client can hold a place that somebody else
// needs, what a request says of its own length is checked before anybody trusts it, and who is refused sees why. It
// knows connections; what is asked on them is the handler's.
package httpserver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	handshakeTime = 10 * time.Second // for TLS, until the connection is given up
	headerBytes   = 32 << 10         // of a request's head
	headerBytesH2 = 8 * headerBytes  // what net/http reads at most; the smaller limit is checked by us, with an answer
	defaultConns  = 1024             // at once
	perAddress    = 4                // one address may have one in so many of the places without a token
)

// Options say how a listener treats its connections.
type Options struct {
	TLS         *tls.Config // nil: none
	Connections int         // at once, of all; 0: 1024. Never more than half of what the process may open
	PerAddress  int         // of one address, without a token; 0: a quarter of Connections
	Proxies     Proxies     // addresses that many clients share; loopback always is one
	// Tokens says that the handler calls Trust for who has shown a token. Otherwise who sent one whole request is trusted.
	Tokens bool
	// Problem makes the answer to a request that cannot be read; nil: heads are not checked, and net/http's own words stay.
	Problem func(status int, reason string) (contentType string, body []byte)
	// Ended is told of each connection that had to go for others; nil: nobody.
	Ended func()
}

// Listener gives an http.Server its connections.
type Listener struct {
	net.Listener
	options Options
	places  *places
	ready   chan net.Conn
	failing chan error // of Accept, which will go on
	done    chan struct{}
	start   sync.Once
	close   sync.Once
	failed  error // why done was closed by itself
	running sync.WaitGroup
	mu      sync.Mutex // of running.Add against Close
}

// New takes over a listener. Its Close also ends all connections that it has given.
func New(ln net.Listener, o Options) *Listener {
	if o.Connections <= 0 {
		o.Connections = defaultConns
	}
	o.Connections = Places(o.Connections)
	if o.PerAddress <= 0 {
		o.PerAddress = max(1, o.Connections/perAddress)
	}
	l := &Listener{Listener: ln, options: o, ready: make(chan net.Conn), failing: make(chan error), done: make(chan struct{})}
	l.places = newPlaces(o)
	return l
}

// Places returns how many connections there may really be: the process needs the rest of its files for its work.
func Places(n int) int { return min(n, max(8, descriptors()/2)) }

// Connections returns how many connections there may be at once.
func (l *Listener) Connections() int { return l.options.Connections }

// Open counts the connections that have shown a token, and those that have not.
func (l *Listener) Open() (trusted, strangers int) { return l.places.count() }

// Serve makes a server use the listener, and serves until one of them is closed.
func (l *Listener) Serve(s *http.Server) error {
	context0 := s.ConnContext
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		p := placeOf(c)
		if context0 != nil {
			ctx = context0(ctx, p.Conn)
		}
		if h := checkedConn(c); h != nil {
			ctx = context.WithValue(ctx, connKey{}, h)
		}
		return context.WithValue(ctx, placeKey{}, p)
	}
	s.ConnState = l.state
	if l.options.Problem != nil {
		s.Handler = l.checked(s.Handler)
		s.MaxHeaderBytes = headerBytesH2
		s.DisableGeneralOptionsHandler = true
	}
	return s.Serve(l)
}

// state follows what net/http does with a connection.
func (l *Listener) state(c net.Conn, s http.ConnState) {
	p := placeOf(c)
	if p == nil {
		return
	}
	switch s {
	case http.StateActive:
		l.places.busy(p, true, !l.options.Tokens)
	case http.StateIdle:
		l.places.busy(p, false, false)
		if h := checkedConn(c); h != nil {
			h.answering.Store(false)
		}
	}
}

// checkedConn returns the connection whose heads are checked; nil where none are.
func checkedConn(c net.Conn) *conn {
	switch c := c.(type) {
	case *conn:
		return c
	case secureConn:
		return c.conn
	}
	return nil
}

type placeKey struct{}

// Trust says that whoever sends requests on this connection has shown a token.
func Trust(ctx context.Context) {
	if p, ok := ctx.Value(placeKey{}).(*place); ok && p != nil {
		p.of.trust(p)
	}
}

// Accept returns the next connection that can be asked on.
func (l *Listener) Accept() (net.Conn, error) {
	l.start.Do(func() {
		if l.begin() {
			go l.accept()
		}
	})
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failing:
		return nil, err
	case <-l.done:
		if l.failed != nil {
			return nil, l.failed
		}
		return nil, net.ErrClosed
	}
}

// accept takes connections as they come, whatever becomes of those before.
func (l *Listener) accept() {
	defer l.running.Done()
	for {
		raw, err := l.Listener.Accept()
		switch {
		case err == nil:
			if p := l.places.take(raw); p != nil {
				l.open(p)
			}
		case l.closed():
			return
		case temporary(err): // no descriptor is free: a stranger gives one back
			if l.places.makeRoom() {
				continue
			}
			select {
			case l.failing <- err: // the server waits a little
			case <-l.done:
				return
			}
		default:
			l.finish(err)
			return
		}
	}
}

func temporary(err error) bool {
	t, ok := err.(interface{ Temporary() bool }) // deprecated for what else is called so; Accept's errors have no better word
	return ok && t.Temporary()
}

// open hands a connection to the server once something has come on it, or its TLS handshake is over. Nobody waits for that,
// and until then it costs next to nothing.
func (l *Listener) open(p *place) {
	if l.options.TLS == nil && l.options.Problem == nil {
		l.hand(p)
		return
	}
	if !l.begin() {
		_ = p.Close()
		return
	}
	go func() {
		defer l.running.Done()
		_ = p.SetDeadline(time.Now().Add(handshakeTime))
		c := l.greet(p)
		if c == nil {
			_ = p.Close()
			return
		}
		_ = p.SetDeadline(time.Time{})
		l.hand(c)
	}()
}

// greet waits for a client's first word; nil: it had none, or a wrong one.
func (l *Listener) greet(p *place) net.Conn {
	if l.options.TLS == nil {
		c := &conn{Conn: p, place: p, listener: l}
		if n, err := p.Read(c.first[:]); n == 0 || err != nil {
			return nil
		}
		c.in = c.first[:]
		return c
	}
	secure := tls.Server(p, l.options.TLS)
	if err := secure.Handshake(); err != nil {
		l.refusePlain(p, err)
		return nil
	}
	switch {
	case secure.ConnectionState().NegotiatedProtocol == "h2", l.options.Problem == nil:
		return secure
	}
	return secureConn{&conn{Conn: secure, place: p, listener: l}}
}

func (l *Listener) hand(c net.Conn) {
	select {
	case l.ready <- c:
	case <-l.done:
		_ = c.Close()
	}
}

// begin counts a goroutine that works on a connection; false: no more may begin.
func (l *Listener) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed() {
		return false
	}
	l.running.Add(1)
	return true
}

func (l *Listener) closed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *Listener) finish(why error) {
	l.close.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = why
		close(l.done)
	})
}

// Close stops listening; connections go on until End.
func (l *Listener) Close() error {
	l.finish(nil)
	return l.Listener.Close()
}

// End closes the listener and every connection that is left, and waits until none is.
func (l *Listener) End() {
	_ = l.Close() // it may be closed already
	l.places.closeAll()
	l.running.Wait()
}
