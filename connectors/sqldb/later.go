package sqldb

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// opener makes the system of one kind of database.
type opener func(connectors.Env, Config, *time.Location) (*system, error)

// late is a system that is opened at the first connect for which the files of tls are there, and opened anew when the
// server refuses the login and the password's reference gives another one by now.
type late struct {
	env    connectors.Env
	zone   *time.Location
	open   opener
	mu     sync.Mutex
	config Config
	sys    *system   // nil: not yet
	all    []*system // to be closed
}

// later makes a system that may be opened later: a share that is not mounted yet is no reason for the agent not to
// start. Until then each connect fails, and nothing is ever sent without encryption.
func later(e connectors.Env, c Config, zone *time.Location, open opener) (*system, error) {
	l := &late{env: e, zone: zone, open: open, config: c}
	first, err := open(e, c, zone)
	switch {
	case err == nil:
		l.sys = first
	case c.TLS.Absent(e) == nil:
		return nil, err
	default:
		bare := c
		bare.TLS = TLS{}
		if first, err = open(e, bare, zone); err != nil { // for its words and limits; it never connects
			return nil, err
		}
	}
	l.all = []*system{first}
	outer := *first
	outer.connect, outer.close = l.connect, l.close
	return &outer, nil
}

func (l *late) connect(ctx context.Context) (session, error) {
	sys, err := l.ready()
	if err != nil {
		return nil, err
	}
	s, err := sys.connect(ctx)
	if err == nil || sys.classify(err).code != CodeLogin {
		return s, err
	}
	if sys = l.renewed(sys); sys == nil {
		return nil, err
	}
	return sys.connect(ctx)
}

func (l *late) ready() (*system, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sys != nil {
		return l.sys, nil
	}
	err := l.config.TLS.Absent(l.env) // drivers say less
	if err == nil {
		err = l.reopen(l.config)
	}
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeTLSFile, Op: "connect to " + l.all[0].name,
			Hint: "mend tls.ca, tls.cert or tls.key, or mount the disk that the file lies on; the agent goes on by itself", Err: err}
	}
	return l.sys, nil
}

// renewed returns a system with the password of now in place of one that was refused; nil: it is the same.
func (l *late) renewed(refused *system) *system {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sys != refused { // another connect was quicker
		return l.sys
	}
	c := l.config
	var other bool
	if c.Password, other = l.env.Reread(c.Password); !other || l.reopen(c) != nil {
		return nil
	}
	return l.sys
}

// reopen is called with the lock held. Sessions of former systems go on.
func (l *late) reopen(c Config) error {
	sys, err := l.open(l.env, c, l.zone)
	if err != nil {
		return err
	}
	l.config, l.sys, l.all = c, sys, append(l.all, sys)
	return nil
}

func (l *late) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, sys := range l.all {
		errs = append(errs, sys.close())
	}
	return errors.Join(errs...)
}
