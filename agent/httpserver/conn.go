package httpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	lingerTime  = 30 * time.Second // for a client that sends on after its answer
	lingerBytes = 512 << 20        // that are read for it; of a stranger an eighth
)

// conn is a connection for HTTP/1. It checks the head of each request, says in our words what net/http says in its own, and
// ends so that the client reads its answer: the rest of a body that nobody wanted is read and dropped first, else the
// system would tell the client of a broken connection before it has looked for an answer.
type conn struct {
	net.Conn
	place    *place
	listener *Listener

	frame framing // of the one who reads
	in    []byte  // came, and was not looked at
	out   []byte  // was looked at, and not read
	buf   []byte  // what in lies in
	first [1]byte // by which it is known that the client speaks

	answering atomic.Bool // a handler is, or was, at work on this request
	wrote     atomic.Bool // some answer went out
	unread    atomic.Bool // a request is not read to its end
	ended     sync.Once
}

const readSize = 4 << 10

// Read gives net/http what has been checked.
func (c *conn) Read(p []byte) (int, error) {
	defer func() { c.unread.Store(len(c.in)+len(c.out) > 0 || !c.frame.between()) }()
	for {
		if len(c.out) > 0 {
			n := copy(p, c.out)
			c.out = c.out[n:]
			return n, nil
		}
		if c.frame.fault != nil {
			return 0, io.EOF
		}
		if most := c.frame.data(); most > 0 {
			return c.readData(p[:min(int64(len(p)), most)])
		}
		if err := c.look(); err != nil {
			return 0, err
		}
	}
}

// readData reads what needs no look.
func (c *conn) readData(p []byte) (n int, err error) {
	if len(c.in) > 0 {
		n = copy(p, c.in)
		c.in = c.in[n:]
	} else {
		n, err = c.Conn.Read(p)
	}
	c.frame.passed(int64(n))
	return n, err
}

// look checks the lines that have come, and waits for some if there are none.
func (c *conn) look() error {
	if len(c.in) == 0 {
		if c.buf == nil {
			c.buf = make([]byte, readSize)
		}
		n, err := c.Conn.Read(c.buf)
		if n == 0 {
			c.tellSlow(err)
			return err
		}
		c.in = c.buf[:n]
	}
	c.out = c.out[:0]
	for len(c.in) > 0 && c.frame.data() == 0 {
		c.in, c.out = c.frame.text(c.in, c.out)
	}
	return nil
}

// tellSlow answers a head that did not come in time; net/http would end the connection without a word.
func (c *conn) tellSlow(err error) {
	if c.frame.state != inHead || c.frame.between() || c.answering.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	c.wrote.Store(true)
	_ = c.Conn.SetWriteDeadline(time.Now().Add(handshakeTime))
	_, _ = c.Conn.Write(c.listener.problem(http.StatusRequestTimeout, "the head of the request came too slowly")) // who is gone needs no answer
}

// canned follows the status in every answer that net/http gives by itself, and in none of a handler, which have a date.
const canned = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// Write sends an answer.
func (c *conn) Write(b []byte) (int, error) {
	c.wrote.Store(true)
	if !c.answering.Load() {
		if status, reason, is := cannedAnswer(b); is {
			if f := c.frame.fault; f != nil { // read by this same goroutine
				status, reason = f.status, f.reason
			}
			if _, err := c.Conn.Write(c.listener.problem(status, reason)); err != nil {
				return 0, err
			}
			return len(b), nil
		}
	}
	return c.Conn.Write(b)
}

func cannedAnswer(b []byte) (status int, reason string, is bool) {
	text, is := strings.CutPrefix(string(b[:min(len(b), 512)]), "HTTP/1.1 ")
	line, _, found := strings.Cut(text, canned)
	if !is || !found || len(line) < 3 || strings.Contains(line, "\r") {
		return 0, "", false
	}
	status, err := strconv.Atoi(line[:3])
	_, reason, _ = strings.Cut(line, ": ")
	return status, reason, err == nil
}

// problem is a whole answer, after which the connection ends.
func (l *Listener) problem(status int, reason string) []byte {
	typ, body := l.options.Problem(status, reason)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\nCache-Control: private, no-cache\r\n"+
		"X-Content-Type-Options: nosniff\r\n\r\n", status, http.StatusText(status), typ, len(body))
	b.Write(body)
	return b.Bytes()
}

// secureConn is a conn with TLS, of which net/http fills in Request.TLS.
type secureConn struct{ *conn }

// ConnectionState tells of its TLS.
func (c secureConn) ConnectionState() tls.ConnectionState {
	return c.Conn.(*tls.Conn).ConnectionState()
}

// Close ends the connection: at once if everything was read or nothing answered, else when the client has had a chance to
// read. Its place goes first to whoever needs one.
func (c *conn) Close() (err error) {
	c.ended.Do(func() {
		if c.wrote.Load() && c.unread.Load() && c.listener.begin() {
			c.listener.places.busy(c.place, false, false)
			go c.linger()
			return
		}
		err = c.Conn.Close()
	})
	return err
}

// linger tells the client that nothing more comes, and reads on within bounds.
func (c *conn) linger() {
	defer c.listener.running.Done()
	defer func() { _ = c.place.Close() }()
	_ = c.place.SetDeadline(time.Now().Add(lingerTime))
	if t, ok := c.Conn.(*tls.Conn); ok {
		_ = t.CloseWrite() // the client sees the end of TCP as well
	}
	if w, ok := c.place.Conn.(interface{ CloseWrite() error }); !ok || w.CloseWrite() != nil {
		return
	}
	drop, _ := lingering.Get().(*[]byte)
	defer lingering.Put(drop)
	left := int64(lingerBytes)
	if !c.listener.places.isTrusted(c.place) {
		left /= 8
	}
	for left > 0 {
		n, err := c.place.Read(*drop)
		if left -= int64(n); err != nil {
			return
		}
	}
}

var lingering = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// checked wraps the handler of a server: who writes from here on is no longer net/http by itself. HTTP/2 has no lines to
// check, but its heads are bounded here, so that there is an answer.
func (l *Listener) checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*conn); ok {
			c.answering.Store(true)
			defer l.places.busy(c.place, false, false) // net/http may wait long for the rest of a body that nobody wants
		}
		if r.ProtoMajor < 2 || headSize(r) <= headerBytes {
			next.ServeHTTP(w, r)
			return
		}
		const status = http.StatusRequestHeaderFieldsTooLarge
		typ, body := l.options.Problem(status, "the head of a request may have "+strconv.Itoa(headerBytes)+" bytes")
		w.Header().Set("Content-Type", typ)
		w.WriteHeader(status)
		_, _ = w.Write(body) // who is gone needs no answer
	})
}

type connKey struct{}

// Fault says what was wrong with the frame of a request's body, once reading that has failed; empty: nothing was.
func Fault(ctx context.Context) string {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && c.frame.fault != nil {
		return c.frame.fault.reason
	}
	return ""
}

func headSize(r *http.Request) (n int) {
	n = len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + 4
		}
	}
	return n
}

// refusePlain answers who speaks HTTP where TLS is due.
func (l *Listener) refusePlain(p *place, err error) {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil || l.options.Problem == nil {
		return
	}
	switch string(record.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH":
		_ = p.SetDeadline(time.Now().Add(handshakeTime))
		_, _ = p.Write(l.problem(http.StatusBadRequest, "this is HTTP; the address needs https")) // who is gone needs no answer
	}
}
