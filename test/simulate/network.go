package simulate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// listener takes connections in memory.
type listener struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{calls: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return address{} }

// address is what an end of a connection is called.
type address struct{}

func (address) Network() string { return "tcp" }
func (address) String() string  { return "127.0.0.1:4711" }

// conn is one end of a connection, to which what is sent takes its time.
type conn struct {
	net.Conn
	draws *stream
}

func (c conn) Write(p []byte) (int, error) {
	time.Sleep(c.draws.between(100*time.Microsecond, 4*time.Millisecond))
	return c.Conn.Write(p)
}

func (conn) RemoteAddr() net.Addr { return address{} }
func (conn) LocalAddr() net.Addr  { return address{} }

// network is how others reach one agent. Once it is cut, nothing gets through any more.
type network struct {
	mu    sync.Mutex
	cut   bool
	by    map[string]*listener
	conns []net.Conn
	seed  uint64
}

func (n *network) listen(name string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.by[name] = newListener()
	return n.by[name], nil
}

var errUnreachable = errors.New("nobody listens there")

func (n *network) dial(ctx context.Context, name string) (net.Conn, error) {
	n.mu.Lock()
	l := n.by[name]
	if l == nil || n.cut {
		n.mu.Unlock()
		return nil, errUnreachable
	}
	near, far := net.Pipe()
	draws := func(end string) *stream { return newStream(n.seed, fmt.Sprint(end, len(n.conns))) }
	here, there := conn{near, draws("near")}, conn{far, draws("far")}
	n.conns = append(n.conns, near)
	n.mu.Unlock()
	select {
	case l.calls <- there:
		return here, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	_, _ = near.Close(), far.Close()
	return nil, errUnreachable
}

// sever cuts all connections for good.
func (n *network) sever() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = true
	for _, c := range n.conns {
		_ = c.Close()
	}
}
