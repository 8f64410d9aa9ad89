package database

import (
	"context"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// stale is how long a connection may lie idle before it is tried out: firewalls and servers drop idle
// ones without a word, and a transaction sent into the void would have to be looked up.
const stale = 20 * time.Second

// pool keeps idle sessions. Those that saw a network error never come back to it.
type pool struct {
	sys      *System
	clock    connectors.Clock
	patience time.Duration // for an idle session's answer
	Replaced func()        // called when the database is another one now
	mu       sync.Mutex
	idle     []idleSession
	shut     bool
	max      int
}

type idleSession struct {
	dialect.Session
	since time.Time
}

// Get returns an idle session that still answers, or a new one.
func (p *pool) Get(ctx context.Context) (dialect.Session, error) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.sys.Connect(ctx)
		}
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if !s.Fresh() {
			s.Close()
			p.Drop(false)
			p.Replaced()
			continue
		}
		if p.clock.Now().Sub(s.since) < stale || p.answers(ctx, s.Session) {
			return s.Session, nil
		}
		s.Close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (p *pool) answers(ctx context.Context, s dialect.Session) bool {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	_, err := s.Run(ctx, []dialect.Statement{p.sys.Ping()}, false, false)
	return err == nil
}

// Put gives a session back that is outside of any transaction.
func (p *pool) Put(s dialect.Session) {
	p.mu.Lock()
	if !p.shut && len(p.idle) < p.max {
		p.idle = append(p.idle, idleSession{s, p.clock.Now()})
		s = nil
	}
	p.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

// Drop closes idle sessions; after shut none is kept any more.
func (p *pool) Drop(shut bool) {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.shut = p.shut || shut
	p.mu.Unlock()
	for _, s := range idle {
		s.Close()
	}
}
