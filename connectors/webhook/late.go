package webhook

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// newLateTransport is newTransport for files of TLS that are not there yet: each connection reads them
// anew and fails until they can be read, and nothing is ever sent without them.
func newLateTransport(env connectors.Env, c Config) (*http.Transport, error) {
	bare := c
	bare.TLS, bare.CA, bare.Certificate, bare.Key = tlsfiles.Config{}, "", "", ""
	t, err := newTransport(env, bare)
	if err != nil {
		return nil, err
	}
	if c.Proxy != "" { // the handshake through a proxy is the transport's own
		return nil, c.files().Absent(env)
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conf, err := tlsConfig(env, c)
		if err != nil {
			return nil, &tlsfiles.AbsentError{Err: err}
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
