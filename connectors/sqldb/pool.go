package sqldb

import (
	"context"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// stale is how long a connection may lie idle before it is tried out: firewalls and servers drop idle
// ones without a word, and a transaction sent into the void would have to be looked up.
const stale = 20 * time.Second

// pool keeps idle sessions. Those that saw a network error never come back to it.
type pool struct {
	sys      *system
	clock    connectors.Clock
	patience time.Duration // for an idle session's answer
	replaced func()        // called when the database is another one now
	mu       sync.Mutex
	idle     []idleSession
	shut     bool
	max      int
}

type idleSession struct {
	session
	since time.Time
}

// get returns an idle session that still answers, or a new one.
func (p *pool) get(ctx context.Context) (session, error) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.sys.connect(ctx)
		}
		s := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if !s.fresh() {
			s.close()
			p.drop(false)
			p.replaced()
			continue
		}
		if p.clock.Now().Sub(s.since) < stale || p.answers(ctx, s.session) {
			return s.session, nil
		}
		s.close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func (p *pool) answers(ctx context.Context, s session) bool {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	_, err := s.run(ctx, []statement{p.sys.ping()}, false, false)
	return err == nil
}

// put gives a session back that is outside of any transaction.
func (p *pool) put(s session) {
	p.mu.Lock()
	if !p.shut && len(p.idle) < p.max {
		p.idle = append(p.idle, idleSession{s, p.clock.Now()})
		s = nil
	}
	p.mu.Unlock()
	if s != nil {
		s.close()
	}
}

// drop closes idle sessions; after shut none is kept any more.
func (p *pool) drop(shut bool) {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.shut = p.shut || shut
	p.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}
