package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/kardianos/service"
)

// serviceName is what the service manager knows the agent by.
const serviceName = "inbasket"

// program is the agent as a service manager sees it: Start returns at once, Stop waits for the end.
type program struct {
	work   func(context.Context) error
	cancel context.CancelFunc
	done   chan struct{} // closed when work ended
	err    error         // of work; read after done
}

// serve runs work until the service manager, a signal or ctx ends it, or it ends by itself. In the
// foreground and under a manager the way is the same; the service manager of Windows has its own, see
// asService.
func serve(ctx context.Context, work func(context.Context) error) error {
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	p := &program{work: work, cancel: cancel, done: make(chan struct{})}
	wait := func() { p.wait(ctx) }
	s, err := service.New(daemon{p, run}, &service.Config{Name: serviceName, DisplayName: "Inbasket",
		Description: "Takes e-forms out of in-baskets and writes them into legacy systems",
		Option:      service.KeyValue{"RunWait": wait}})
	if err != nil {
		return fmt.Errorf("find the service manager: %w", err)
	}
	if runtime.GOOS == "windows" {
		return p.foreground(s, run, wait)
	}
	err = s.Run()
	if p.ended() && p.err != nil { // kardianos may wrap or drop it
		return p.err
	}
	return err
}

// foreground is what Run does elsewhere: on Windows kardianos v1.3.0 knows no RunWait and would not
// notice that the agent ended by itself.
func (p *program) foreground(s service.Service, ctx context.Context, wait func()) error {
	d := daemon{p, ctx}
	if err := d.Start(s); err != nil {
		return err
	}
	wait()
	return d.Stop(s)
}

// wait returns when something asks for the end.
func (p *program) wait(ctx context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	select {
	case <-signals:
	case <-ctx.Done():
	case <-p.done:
	}
}

func (p *program) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// daemon is the program with the context it runs under.
type daemon struct {
	p   *program
	ctx context.Context
}

// Start begins the work and returns at once: a service manager waits only seconds for it.
func (s daemon) Start(service.Service) error {
	go func() {
		defer close(s.p.done)
		s.p.err = s.p.work(s.ctx)
	}()
	return nil
}

// Stop ends the work and waits for it; the agent bounds how long that takes.
func (s daemon) Stop(service.Service) error {
	s.p.cancel()
	<-s.p.done
	return s.p.err
}
