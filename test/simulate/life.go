package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// life is one run of the agent, from its start to its stop or its death.
type life struct {
	w      *world
	n      int
	net    *network
	gone   chan struct{} // closed when it is killed
	once   sync.Once
	cancel context.CancelFunc
	agent  *agent.Agent
	ended  chan error
}

// dead tells whether it was killed: from then on nothing that it does has any effect.
func (l *life) dead() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

// kill ends it at this very moment, as SIGKILL does: no commit of its journal succeeds any more, nothing that it sends
// arrives, and its connections are cut.
func (l *life) kill(why string) {
	l.once.Do(func() {
		l.w.say("kill at %s", why)
		close(l.gone)
		l.net.sever()
		select {
		case l.w.killed <- l:
		default:
		}
	})
}

// registry is the connectors of this life.
func (l *life) registry() connectors.Registry {
	w := l.w
	part := func(name string) part {
		return part{w: w, life: l, name: name, draws: newStream(w.seed, name+fmt.Sprint(l.n))}
	}
	type none struct{}
	defaults := func() none { return none{} }
	target := func(typ string, open func(connectors.Env) connectors.Target) connectors.Definition {
		return connectors.DefineTarget(typ, "simulated", defaults, func(e connectors.Env, _ none) (connectors.Target, error) { return open(e), nil })
	}
	return connectors.Registry{
		connectors.DefineInbasket("sim-box", "simulated", defaults, func(e connectors.Env, _ none) (connectors.Inbasket, error) {
			return newBoxSource(part(e.Name), &w.box), nil
		}),
		target("sim-database", func(e connectors.Env) connectors.Target {
			return &databaseTarget{part: part(e.Name), db: &w.register, ledger: true}
		}),
		target("sim-plain", func(e connectors.Env) connectors.Target {
			return &databaseTarget{part: part(e.Name), db: &w.plain}
		}),
		target("sim-drop", func(e connectors.Env) connectors.Target { return newDrop(part(e.Name), w.folders[e.Name]) }),
		connectors.DefineFrontOffice("sim-push", "simulated", defaults, func(e connectors.Env, _ none) (connectors.FrontOffice, error) {
			return &pushTarget{part: part(e.Name), to: w.offices[e.Name]}, nil
		}),
	}
}

// config reads the configuration as it is now.
func (l *life) config() (*config.Config, error) {
	return config.Load(filepath.Join(l.w.dir, "inbasket.yaml"), l.registry(), config.Options{})
}

// start starts the agent; an agent that is killed while it starts is started again.
func (w *world) start() {
	for tries := 0; ; tries++ {
		if tries == 4 { // somebody makes room
			w.diskFull.Store(false)
		}
		w.lives++
		l := &life{w: w, n: w.lives, gone: make(chan struct{}), ended: make(chan error, 1),
			net: &network{by: map[string]*listener{}, seed: w.seed<<8 + uint64(w.lives)}}
		began := w.clock.elapsed()
		w.say("start %d", l.n)
		err := l.run()
		switch {
		case err != nil && !l.dead() && !errors.Is(err, errFull):
			w.fail(owner, "the agent does not start: %v", err)
			panic(stop{})
		case err != nil:
			l.kill("start")
		case l.dead():
			l.finish()
			time.Sleep(began + 12*time.Second - w.clock.elapsed())
		default:
			w.life = l
			w.current.Store(l)
			return
		}
		<-w.killed
		time.Sleep(w.chance.between(time.Second, 3*time.Minute))
	}
}

// run opens the agent and returns once it runs.
func (l *life) run() error {
	cfg, err := l.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	ready := make(chan struct{})
	l.agent, err = agent.New(ctx, agent.Options{Config: cfg, Reload: l.config, Clock: l.w.clock, Log: zerolog.New(zerolog.SyncWriter(l.w.log)), Ready: func(agent.Addresses) { close(ready) },
		Surround: agent.Surround{Listen: l.net.listen, IDs: ids{l.w}, Jitter: func() float64 { return l.w.moment("jitter").float() }, Commit: l.hooks()}})
	if err != nil {
		cancel()
		return err
	}
	go func() { l.ended <- l.agent.Run(ctx) }()
	select {
	case <-ready:
		return nil
	case err = <-l.ended:
		cancel()
		return errors.Join(err, l.agent.Close())
	}
}

// ids is where the agent's IDs come from.
type ids struct{ w *world }

func (i ids) Read(p []byte) (int, error) { return i.w.moment("ids").Read(p) }

// hooks stand around each commit of the journal.
func (l *life) hooks() journal.Hooks {
	w := l.w
	return journal.Hooks{
		BeforeCommit: func() error {
			draws := w.moment("before a commit")
			switch {
			case l.dead():
				return errFull
			case w.calm.Load():
				return nil
			case w.diskFull.Load() && draws.one(2), draws.one(8 * w.trouble):
				w.say("journal: full")
				return errFull
			case draws.one(6*w.trouble) && w.spend(&w.kills):
				l.kill("before a commit")
				return errFull
			}
			return nil
		},
		AfterCommit: func() error {
			draws := w.moment("after a commit")
			if !w.calm.Load() && draws.one(6*w.trouble) && w.spend(&w.kills) {
				l.kill("after a commit")
				return errFull
			}
			if !w.calm.Load() && draws.one(12*w.trouble) {
				w.say("journal: the commit's answer is lost")
				return errFull
			}
			return nil
		},
	}
}

// finish waits until the agent has stopped, cleanly or dead.
func (l *life) finish() {
	l.cancel()
	if err := <-l.ended; err != nil && !l.dead() {
		l.w.fail(owner, "the agent ended with %v", err)
	}
	if err := l.agent.Close(); err != nil && !l.dead() && !l.w.diskFull.Load() {
		l.w.fail(owner, "the agent closed with %v", err)
	}
	l.once.Do(func() { close(l.gone) })
	l.net.sever()
}

// restart stops the agent, if it is not dead already, and starts it again a while later.
func (w *world) restart(between func()) {
	began := w.clock.elapsed()
	w.life.finish() // an HTTP server that stops takes a time of its own chance
	select {
	case <-w.killed:
	default:
	}
	if w.breaks(loseCommit) {
		w.forgetLast()
	}
	time.Sleep(began + w.chance.between(12*time.Second, time.Minute) - w.clock.elapsed())
	if between != nil {
		between()
	}
	w.start()
}

// forgetLast takes the state back to what it was at the start before, as a disk does that lies about what it has flushed.
func (w *world) forgetLast() {
	state, old := filepath.Join(w.dir, "state"), filepath.Join(w.dir, "old")
	if _, err := os.Stat(old); err == nil {
		if err := errors.Join(os.RemoveAll(state), os.Rename(old, state)); err != nil {
			panic(err)
		}
	}
	if err := os.CopyFS(old, os.DirFS(state)); err != nil {
		panic(err)
	}
}

// client gives orders to the agent that runs now.
func (w *world) client() *control.Client {
	l := w.life
	return control.ClientOver(func(ctx context.Context) (net.Conn, error) { return l.net.dial(ctx, agent.ListenerOrders) })
}

// backUp makes a backup; it counts once it was verified.
func (w *world) backUp() {
	var b bytes.Buffer
	began := w.clock.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.client().Backup(ctx, &b); err != nil {
		w.say("backup: %v", err)
		return
	}
	if _, err := backup.Verify(ctx, bytes.NewReader(b.Bytes())); err != nil {
		w.fail(agreement, "a backup does not verify: %v", err)
		return
	}
	w.say("backup made")
	w.backup, w.backupAt = b.Bytes(), began
}

// restore loses the state and brings it back from the last backup.
func (w *world) restore() {
	w.say("the disk is lost; restore")
	name := filepath.Join(w.dir, "backup.tar")
	if err := os.WriteFile(name, w.backup, 0o600); err != nil {
		panic(err)
	}
	state := filepath.Join(w.dir, "state")
	if w.chance.one(2) {
		if err := os.RemoveAll(state); err != nil {
			panic(err)
		}
	}
	w.restored = true
	if early := w.backupAt.Sub(w.clock.Now()); early > -time.Minute { // a restore wants a clock that is right
		w.clock.jump(early + time.Minute)
	}
	if _, err := backup.Run(context.Background(), backup.Restore{File: name, State: state, Replace: true, Now: w.clock.Now(), By: "operator"}); err != nil {
		w.fail(owner, "the restore fails: %v", err)
		w.life = nil // it has ended
		panic(stop{})
	}
}

// stop ends a run whose world cannot go on.
type stop struct{}
