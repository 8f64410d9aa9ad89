package webhook

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/inbasket/inbasket/connectors"
)

// absentError says that a file of TLS cannot be read now.
type absentError struct{ err error }

func (e *absentError) Error() string { return e.err.Error() }
func (e *absentError) Unwrap() error { return e.err }

// absent looks for the files of TLS; nil: all of them can be read.
func (c *Config) absent(env connectors.Env) error {
	for _, f := range []struct{ key, path string }{{"ca", c.CA}, {"certificate", c.Certificate}, {"key", c.Key}} {
		if f.path == "" {
			continue
		}
		r, err := os.Open(env.Path(f.path))
		if err != nil {
			return &absentError{fmt.Errorf("%s: %w", f.key, err)}
		}
		_ = r.Close() // nothing was written
	}
	return nil
}

// newLateTransport is newTransport for files of TLS that are not there yet: each connection reads them
// anew and fails until they can be read, and nothing is ever sent without them.
func newLateTransport(env connectors.Env, c Config) (*http.Transport, error) {
	bare := c
	bare.CA, bare.Certificate, bare.Key = "", "", ""
	t, err := newTransport(env, bare)
	if err != nil {
		return nil, err
	}
	if c.Proxy != "" { // the handshake through a proxy is the transport's own
		return nil, c.absent(env)
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conf, err := tlsConfig(env, c)
		if err != nil {
			return nil, &absentError{err}
		}
		if conf.ServerName, _, err = net.SplitHostPort(address); err != nil {
			return nil, err
		}
		conf.NextProtos = []string{"http/1.1"}
		raw, err := t.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn := tls.Client(raw, conf)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close() // the handshake's error is the one that matters
			return nil, err
		}
		return conn, nil
	}
	return t, nil
}
