package dialect

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Within bounds all of connecting: TCP, TLS, login and the statements that follow. Drivers look at a context here and
// not there, so what they dialled is cut when the time is over, whatever they wait for.
func Within(connect func(context.Context) (Session, error), name string, limit time.Duration) func(context.Context) (Session, error) {
	return func(ctx context.Context) (Session, error) {
		d := &dialled{}
		timed, cancel := context.WithTimeout(context.WithValue(ctx, dialledKey{}, d), limit)
		defer cancel()
		stop := context.AfterFunc(timed, d.cut)
		s, err := connect(timed)
		if stop() {
			return s, err
		}
		if err == nil {
			s.Close()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, connectors.Errorf(connectors.Transient, CodeUnreachable, "connect to "+name,
			"the server takes connections and does not answer within connect-timeout; look at it, and at what lies in between", "no answer in %v", limit)
	}
}

// dialled are the network connections that one connect has made so far.
type dialled struct {
	mu    sync.Mutex
	conns []net.Conn
	over  bool
}

type dialledKey struct{}

// Dialer dials for drivers.
type Dialer struct{}

// DialContext dials on behalf of the connect that the context belongs to.
func (Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	all, ok := ctx.Value(dialledKey{}).(*dialled)
	if err != nil || !ok {
		return conn, err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.over {
		_ = conn.Close() // nothing was sent
		return nil, context.DeadlineExceeded
	}
	all.conns = append(all.conns, conn)
	return conn, nil
}

func (d *dialled) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	for _, c := range d.conns {
		_ = c.Close() // who uses it gets the error
	}
}
