package files

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jlaffaye/ftp"

	"github.com/inbasket/inbasket/connectors"
)

// ftpConn is one logged-in control connection with the data connections it opens. The library sets no
// deadlines and does not look at contexts after dialling, so every connection is wrapped: each read and
// write has its own deadline, and abort cuts all of them from another goroutine.
type ftpConn struct {
	*ftp.ServerConn
	home string    // absolute folder on the server
	used time.Time // last use, on the agent's clock
	// ctx is that of the call under way: data connections are dialled in it, and not in that of the call
	// which opened the control connection, which is long over by then.
	ctx context.Context

	mu   sync.Mutex
	raw  map[net.Conn]struct{}
	dead bool
}

// dialFTP connects, logs in and changes into the folder.
func dialFTP(ctx context.Context, env connectors.Env, cfg *FTPConfig) (*ftpConn, error) {
	tlsConf, err := cfg.tlsConfig(env)
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeFTPTLS, Op: "read the authority's certificate", Hint: "check tls.ca", Err: err}
	}
	c := &ftpConn{raw: map[net.Conn]struct{}{}, ctx: ctx}
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	control := true
	opts := []ftp.DialOption{
		ftp.DialWithDisabledUTF8(cfg.Encoding != "utf-8"),
		ftp.DialWithDialFunc(func(network, address string) (net.Conn, error) {
			conn, err := c.dial(network, address, cfg.Timeout)
			if err != nil {
				return nil, err
			}
			if control || tlsConf == nil { // the library itself upgrades the control connection
				control = false
				return conn, nil
			}
			return &dataConn{Conn: tls.Client(conn, tlsConf), raw: conn}, nil
		}),
	}
	if tlsConf != nil {
		opts = append(opts, ftp.DialWithExplicitTLS(tlsConf))
	}
	if c.ServerConn, err = ftp.Dial(cfg.address(), opts...); err != nil {
		c.abort()
		return nil, ftpFault("connect", err)
	}
	if err := c.login(cfg); err != nil {
		c.abort()
		return nil, err
	}
	return c, nil
}

func (c *ftpConn) login(cfg *FTPConfig) error {
	if err := c.Login(cfg.User, string(cfg.Password)); err != nil {
		return loginFault(err)
	}
	if cfg.Dir != "" {
		if err := c.ChangeDir(cfg.Dir); err != nil {
			return dirFault(err)
		}
	}
	home, err := c.CurrentDir()
	if err != nil {
		home = cfg.Dir // some servers have no PWD
	}
	c.home = home
	return nil
}

func (c *ftpConn) dial(network, address string, timeout time.Duration) (*timedConn, error) {
	d := net.Dialer{Timeout: timeout}
	conn, err := d.DialContext(c.ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &timedConn{Conn: conn, timeout: timeout, closed: c.drop}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	c.raw[t] = struct{}{}
	return t, nil
}

func (c *ftpConn) drop(conn net.Conn) {
	c.mu.Lock()
	delete(c.raw, conn)
	c.mu.Unlock()
}

// abort closes every connection at once, without a word to the server.
func (c *ftpConn) abort() {
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

// Handshake is what the library calls when an upload had no bytes.
func (d *dataConn) Handshake() error {
	d.wrote = true
	return d.Conn.Handshake()
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
