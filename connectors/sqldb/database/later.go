package database

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// late is a link that is made at the first connect for which the files of tls are there, and made anew when the
// server refuses the login and the password's reference gives another one by now.
type late struct {
	env  connectors.Env
	d    *dialect.Dialect
	zone *time.Location

	mu     sync.Mutex
	config dialect.Config
	now    *dialect.Link   // nil: not yet
	all    []*dialect.Link // to be closed
}

// Later makes a link that may be opened later: a share that is not mounted yet is no reason for the agent not to
// start. Until then each connect fails, and nothing is ever sent without encryption.
func Later(e connectors.Env, c dialect.Config, zone *time.Location, d *dialect.Dialect) (dialect.Link, error) {
	l := &late{env: e, d: d, zone: zone, config: c}
	if err := l.reopen(c); err != nil {
		if c.TLS.Absent(e) == nil {
			return dialect.Link{}, err
		}
		bare := c
		bare.TLS = dialect.TLS{}
		at, err := d.Open(e, bare, zone) // for what else is wrong; it never connects
		if err != nil {
			return dialect.Link{}, err
		}
		l.all = append(l.all, &at)
	}
	connect := l.connect
	if d.Port > 0 {
		connect = dialect.Within(connect, d.Name, c.ConnectTimeout)
	}
	return dialect.Link{Connect: connect, Close: l.close}, nil
}

func (l *late) connect(ctx context.Context) (dialect.Session, error) {
	at, err := l.ready()
	if err != nil {
		return nil, err
	}
	s, err := at.Connect(ctx)
	if err == nil || l.d.Classify(err).Code != dialect.CodeLogin {
		return s, err
	}
	if at = l.renewed(at); at == nil {
		return nil, err
	}
	return at.Connect(ctx)
}

func (l *late) ready() (*dialect.Link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != nil {
		return l.now, nil
	}
	err := l.config.TLS.Absent(l.env) // drivers say less
	if err == nil {
		err = l.reopen(l.config)
	}
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: dialect.CodeTLSFile, Op: "connect to " + l.d.Name,
			Hint: "mend tls.ca, tls.cert or tls.key, or mount the disk that the file lies on; the agent goes on by itself", Err: err}
	}
	return l.now, nil
}

// renewed returns a link with the password of now in place of one that was refused; nil: it is the same.
func (l *late) renewed(refused *dialect.Link) *dialect.Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != refused { // another connect was quicker
		return l.now
	}
	c := l.config
	var other bool
	if c.Password, other = l.env.Reread(c.Password); !other || l.reopen(c) != nil {
		return nil
	}
	return l.now
}

// reopen is called with the lock held. Sessions of former links go on.
func (l *late) reopen(c dialect.Config) error {
	at, err := l.d.Open(l.env, c, l.zone)
	if err != nil {
		return err
	}
	l.config, l.now, l.all = c, &at, append(l.all, &at)
	return nil
}

func (l *late) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, at := range l.all {
		errs = append(errs, at.Close())
	}
	return errors.Join(errs...)
}
