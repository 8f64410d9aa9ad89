package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// opener makes the system of one kind of database.
type opener func(connectors.Env, Config, *time.Location) (*system, error)

// absent looks for the files of tls; nil: all of them can be read.
func (c *TLS) absent(e connectors.Env) error {
	for _, f := range []struct{ key, path string }{{"tls.ca", c.CA}, {"tls.cert", c.Cert}, {"tls.key", c.Key}} {
		if f.path == "" {
			continue
		}
		r, err := os.Open(e.Path(f.path))
		if err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
		_ = r.Close() // nothing was written
	}
	return nil
}

// late is a system whose files of tls could not be read yet.
type late struct {
	open func() (*system, error)
	mu   sync.Mutex
	sys  *system // nil: not yet
}

// later makes a system that is opened at the first connect for which the files of tls are there: a share
// that is not mounted yet is no reason for the agent not to start. Until then each connect fails, and
// nothing is ever sent without encryption.
func later(e connectors.Env, c Config, zone *time.Location, open opener) (*system, error) {
	bare := c
	bare.TLS = TLS{}
	sys, err := open(e, bare, zone) // for its words and limits; it never connects
	if err != nil {
		return nil, err
	}
	l := &late{open: func() (*system, error) {
		if err := c.TLS.absent(e); err != nil { // drivers say less
			return nil, err
		}
		return open(e, c, zone)
	}}
	closeBare := sys.close
	sys.connect = func(ctx context.Context) (session, error) {
		real, err := l.ready()
		if err != nil {
			return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeTLSFile, Op: "connect to " + sys.name,
				Hint: "mend tls.ca, tls.cert or tls.key, or mount the disk that the file lies on; the agent goes on by itself", Err: err}
		}
		return real.connect(ctx)
	}
	sys.close = func() error { return errors.Join(l.close(), closeBare()) }
	return sys, nil
}

func (l *late) ready() (*system, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sys != nil {
		return l.sys, nil
	}
	var err error
	l.sys, err = l.open()
	if err != nil {
		l.sys = nil
	}
	return l.sys, err
}

func (l *late) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sys == nil {
		return nil
	}
	return l.sys.close()
}
