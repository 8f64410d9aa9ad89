package ftp

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// session is one logged-in control connection with the data connections it opens (wire.go speaks on it). Every
// connection is wrapped: each read and write has its own deadline, and abort cuts all of them from another goroutine.
type session struct {
	control    net.Conn
	r          *bufio.Reader
	host       string // the server's address as it was dialled
	home       string // absolute folder on the server; empty where the server does not tell it
	features   map[string]string
	oldPassive bool // EPSV is refused
	sizes      bool // SIZE told the size of a file on this connection: what it refuses then is not there
	timeout    time.Duration
	tls        *tls.Config
	used       time.Time // last use, on the agent's clock
	// ctx is that of the call under way: data connections are dialled in it, and not in that of the call
	// which opened the control connection, which is long over by then.
	ctx context.Context

	mu   sync.Mutex
	raw  map[net.Conn]struct{}
	dead bool
}

// dial connects, logs in and changes into the folder.
func dial(ctx context.Context, env connectors.Env, cfg *Config) (*session, error) {
	tlsConf, err := cfg.tlsConfig(env)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeTLS, Op: "read the files of tls", Hint: "mend tls.ca, tls.cert or tls.key, or mount the disk that the file lies on; the agent goes on by itself", Err: err}
	}
	c := &session{raw: map[net.Conn]struct{}{}, ctx: ctx, timeout: cfg.Timeout, tls: tlsConf, features: map[string]string{}}
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	if err := c.greet(cfg.Server()); err != nil {
		c.abort()
		return nil, fault("connect", err)
	}
	if err := c.login(cfg); err != nil {
		c.abort()
		return nil, err
	}
	return c, nil
}

// greet connects, is welcome, and begins the encryption.
func (c *session) greet(address string) error {
	conn, err := c.dial("tcp", address)
	if err != nil {
		return err
	}
	c.speak(conn)
	if c.host, _, err = net.SplitHostPort(conn.RemoteAddr().String()); err != nil {
		return err
	}
	if err := c.welcome(c.tls != nil); err != nil || c.tls == nil {
		return err
	}
	c.speak(tls.Client(conn, c.tls))
	return nil
}

// welcome hears the server's greeting, and asks it for encryption.
func (c *session) welcome(encrypt bool) error {
	r, err := c.final()
	if err == nil && r.class() != completed {
		err = r.err()
	}
	if err != nil {
		err = c.lapsed("its greeting", "see that an FTP server listens there, and not one that begins with TLS", err)
	}
	if err == nil && encrypt {
		err = c.do("AUTH TLS")
	}
	if err == nil && encrypt && c.r.Buffered() > 0 {
		err = textproto.ProtocolError("the server speaks before the handshake")
	}
	return err
}

func (c *session) speak(conn net.Conn) {
	c.control, c.r = conn, bufio.NewReaderSize(conn, maxReplyLine)
}

// login logs in and settles what the transfers need: bytes as they are, and data connections that are encrypted.
func (c *session) login(cfg *Config) error {
	if err := c.identify(cfg.User, string(cfg.Password)); err != nil {
		return err
	}
	if err := c.probe(); err != nil {
		return fault("ask for the server's features", err)
	}
	if err := c.do("TYPE I"); err != nil {
		return fault("switch to binary transfers", err)
	}
	if _, known := c.features["UTF8"]; known && cfg.isUTF8() {
		if _, err := c.ask("OPTS UTF8 ON"); err != nil { // refused by any number: always on, or not needed
			return fault("switch to names in UTF-8", err)
		}
	}
	if c.tls != nil {
		if _, err := c.ask("PBSZ 0"); err != nil { // PROT is what counts
			return fault("encrypt the transfers", err)
		}
		if err := c.do("PROT P"); err != nil {
			return fault("encrypt the transfers", err)
		}
	}
	if cfg.Dir != "" {
		if err := c.ChangeDir(cfg.Dir); err != nil {
			return dirFault(err)
		}
	}
	home, err := c.CurrentDir()
	if err != nil && !answered(err) {
		return fault("ask for the folder", err)
	}
	c.home = home // some servers have no PWD
	return nil
}

// identify sends the user and, where the server wants it, the password.
func (c *session) identify(user, password string) error {
	r, err := c.ask("USER %s", user)
	if err == nil && r.class() == intermediate && r.code != replyNeedAccount {
		r, err = c.ask("PASS %s", password)
	}
	if err == nil && r.class() != completed {
		err = r.err()
	}
	if err != nil {
		return loginFault(err)
	}
	return nil
}

// probe asks for the server's features; one that refuses has none.
func (c *session) probe() error {
	r, err := c.ask("FEAT")
	if err != nil || r.class() != completed {
		return err
	}
	for line := range strings.SplitSeq(r.text, "\n") {
		name, facts, _ := strings.Cut(strings.TrimSpace(line), " ")
		c.features[strings.ToUpper(name)] = facts
	}
	return nil
}

// open opens a data connection, encrypted where the control connection is.
func (c *session) open(address string) (net.Conn, error) {
	conn, err := c.dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if c.tls == nil {
		return conn, nil
	}
	return &dataConn{Conn: tls.Client(conn, c.tls), raw: conn}, nil
}

func (c *session) dial(network, address string) (*timedConn, error) {
	d := net.Dialer{Timeout: c.timeout}
	conn, err := d.DialContext(c.ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &timedConn{Conn: conn, timeout: c.timeout, closed: c.drop}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.raw[t] = struct{}{}
	return t, nil
}

func (c *session) drop(conn net.Conn) {
	c.mu.Lock()
	delete(c.raw, conn)
	c.mu.Unlock()
}

// abort closes every connection at once, without a word to the server.
func (c *session) abort() {
	c.mu.Lock()
	c.dead = true
	raw := c.raw
	c.raw = map[net.Conn]struct{}{}
	c.mu.Unlock()
	for conn := range raw {
		_ = conn.(*timedConn).Conn.Close() // the error that matters is the one that the user of it gets
	}
}

// dataConn is an encrypted data connection. With TLS 1.3 the server sends session tickets that nobody
// reads during an upload; closing a socket with unread bytes resets it, and vsftpd then says 426 to a
// file that it had nearly got. So the end is said first, and what came is read up to the server's own end.
type dataConn struct {
	*tls.Conn
	raw   *timedConn
	wrote bool
}

func (d *dataConn) Write(p []byte) (int, error) {
	d.wrote = true
	return d.Conn.Write(p)
}

// HandshakeContext is what is called when an upload had no bytes.
func (d *dataConn) HandshakeContext(ctx context.Context) error {
	d.wrote = true
	return d.Conn.HandshakeContext(ctx)
}

func (d *dataConn) Close() error {
	if d.wrote && d.CloseWrite() == nil {
		if t, ok := d.raw.Conn.(*net.TCPConn); ok && t.CloseWrite() == nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(d.raw, 1<<20)) // tickets and the server's farewell
		}
	}
	return d.raw.Close()
}

// timedConn gives each read and write its own deadline.
type timedConn struct {
	net.Conn
	timeout time.Duration
	closed  func(net.Conn)
}

func (t *timedConn) Read(p []byte) (int, error) {
	if err := t.Conn.SetReadDeadline(time.Now().Add(t.timeout)); err != nil {
		return 0, err
	}
	return t.Conn.Read(p)
}

func (t *timedConn) Write(p []byte) (int, error) {
	if err := t.Conn.SetWriteDeadline(time.Now().Add(t.timeout)); err != nil {
		return 0, err
	}
	return t.Conn.Write(p)
}

func (t *timedConn) Close() error {
	t.closed(t)
	return t.Conn.Close()
}
