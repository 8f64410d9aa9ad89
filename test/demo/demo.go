package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// options of one run.
type options struct {
	stay     bool
	patience time.Duration // for each thing that is waited for
	asleep   bool          // the offices never decide; for a test
	staying  func(*demo)   // called when stay begins; for a test
}

// demo is one run: an agent, stand-ins for everything around it, and what they have seen.
type demo struct {
	options
	*screen
	dir string // everything is below it

	register *sql.DB // legacy databases, as the offices see them
	claims   *sql.DB
	ftp      *ftpserver.Server
	portal   *portal
	office   *office

	agent   *agent.Agent
	at      agent.Addresses
	control *control.Client
	logFile *os.File
	halt    context.CancelFunc
	ended   chan error

	background context.Context // of everything that runs beside
	stop       context.CancelFunc
	running    sync.WaitGroup
	mu         sync.Mutex
	broken     error // the first error of what runs beside
}

// run is the whole demo. What went wrong is returned; then the folder is left for a look.
func run(ctx context.Context, o options, w io.Writer) error {
	dir, err := os.MkdirTemp("", "inbasket-demo-")
	if err != nil {
		return err
	}
	d := &demo{options: o, screen: newScreen(w), dir: dir}
	d.background, d.stop = context.WithCancel(context.Background())
	err = d.play(ctx)
	err = errors.Join(err, d.close())
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return errors.Join(errors.New("interrupted before the end"), os.RemoveAll(dir))
	case err != nil:
		d.troubles()
		return fmt.Errorf("%w\nEverything is left as it is in %s; the agent's log is %s", err, dir, d.path("agent.log"))
	}
	d.plain("\nAll of it is right, and the agent stopped cleanly. (%.1f s)", time.Since(d.begun).Seconds())
	return os.RemoveAll(dir)
}

// play goes through the chapters.
func (d *demo) play(ctx context.Context) error {
	d.plain("Inbasket carries e-forms into legacy systems and decisions back. Here one agent works for three offices.\n"+
		"Everything is in %s", d.dir)
	for _, chapter := range []func(context.Context) error{
		d.surroundings, d.start, d.submit, d.delivered, d.decided, d.told, d.check,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	if d.stay {
		return d.keepRunning(ctx)
	}
	return nil
}

func (d *demo) surroundings(context.Context) error {
	d.step("What is there already", "The offices' old systems, which know nothing of e-forms, and the city's portal, which knows nothing of them.")
	if err := d.prepare(); err != nil {
		return err
	}
	d.office = newOffice(d)
	d.say("register", "the building office's database, legacy/register.db: APPLICATION, APPLICATION_PARCEL, DECISION")
	d.say("mainframe", "takes nightly batch files by FTP at %s, legacy/mainframe/IN", d.ftp.Addr())
	d.say("dog tax", "a program that takes CSV files from legacy/dog-tax/out and answers in legacy/dog-tax/answers")
	d.say("pensions", "the pension office's database, legacy/claims.db: CLAIM, DEPENDENT, INCOME_SOURCE, MARRIAGE")
	d.say("portal", "the front office; it posts forms, polls, and receives webhooks at http://%s/hook", d.portal.address())
	return nil
}

// start runs the agent in this process, as inbasket run does.
func (d *demo) start(ctx context.Context) error {
	d.step("The agent starts", "Its configuration is inbasket.yaml; the mappings are those of configs/ in this repository.")
	load := func() (*config.Config, error) {
		return config.Load(d.path("inbasket.yaml"), all.Registry(), config.Options{})
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	if d.logFile, err = os.OpenFile(d.path("agent.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	log := zerolog.New(d.logFile).With().Timestamp().Logger()
	ready := make(chan agent.Addresses, 1)
	var running context.Context
	running, d.halt = context.WithCancel(d.background)
	d.agent, err = agent.New(ctx, agent.Options{Config: cfg, Reload: load, Log: log, Version: "demo", Ready: func(at agent.Addresses) { ready <- at }})
	if err != nil {
		return err
	}
	d.ended = make(chan error, 1)
	begun := time.Now()
	go func() { d.ended <- d.agent.Run(running) }()
	select {
	case d.at = <-ready:
	case err := <-d.ended:
		d.ended <- err
		return fmt.Errorf("the agent did not start: %w", err)
	}
	d.control = control.NewClient(cfg.State)
	d.portal.agent = "http://" + d.at.FrontOffice
	d.say("agent", "ready after %d ms; front offices reach it at http://%s", time.Since(begun).Milliseconds(), d.at.FrontOffice)
	d.say("agent", "health and metrics at http://%s/readyz and /metrics, log in agent.log", d.at.Monitor)
	d.beside(d.portal.serve)
	d.beside(d.portal.follow)
	return nil
}

// beside runs f until the demo ends; its error ends the demo.
func (d *demo) beside(f func(context.Context) error) {
	d.running.Go(func() {
		if err := f(d.background); err != nil && d.background.Err() == nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.broken == nil {
				d.broken = err
			}
		}
	})
}

func (d *demo) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.broken
}

// until waits for what others bring about. look says what is there so far, and whether that is all.
func (d *demo) until(ctx context.Context, what string, look func() (string, bool, error)) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(d.patience)
	for {
		seen, done, err := look()
		if err = errors.Join(err, d.failure()); err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-d.ended:
			d.ended <- err
			return fmt.Errorf("the agent ended early: %v", err)
		case <-limit:
			return fmt.Errorf("waited %s in vain for %s; so far: %s", d.patience, what, seen)
		case <-tick.C:
		}
	}
}

// close ends everything, the agent first. It may be called twice.
func (d *demo) close() (err error) {
	if d.ended != nil {
		d.halt()
		select {
		case err = <-d.ended:
		case <-time.After(10 * time.Second):
			err = errors.New("the agent did not stop within ten seconds")
		}
		d.ended = nil
	}
	if d.agent != nil {
		err = errors.Join(err, d.agent.Close())
	}
	d.stop()
	if d.portal != nil {
		err = errors.Join(err, d.portal.close())
	}
	d.running.Wait()
	if d.ftp != nil {
		err = errors.Join(err, d.ftp.Close())
	}
	for _, db := range []*sql.DB{d.register, d.claims} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if d.logFile != nil {
		err = errors.Join(err, d.logFile.Close())
		d.logFile = nil
	}
	return err
}
