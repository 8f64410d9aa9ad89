package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/agent/control"
)

// trouble is something around the agent that fails for a while. Status has to say so while it does, and
// nothing may be lost, doubled or stuck afterwards.
type trouble struct {
	name  string
	begin func(a *running) error
	said  func(s control.Status) *control.Trouble // what status says of it; nil: it is over when begin returns
	end   func(a *running) error
}

func (w *world) troublesomeThings() []trouble {
	in, drop := filepath.Join(w.Dir, "in"), filepath.Join(w.Dir, "drop")
	cut := trouble{name: "FTP cut in the middle of a file", said: target("mainframe"),
		begin: func(*running) error { return w.cutTransfer() },
		end:   func(*running) error { return w.FTP.Start() }}
	return []trouble{
		{name: "reloads", begin: func(a *running) error { return w.reloads(a) }},
		{name: "target paused", said: paused("register"),
			begin: func(*running) error { return w.order("pause", "register", "--reason", "backup") },
			end:   func(*running) error { return w.order("resume", "register") }},
		{name: "database stopped", said: target("register"),
			begin: func(*running) error { w.db.Stop(); return nil },
			end:   func(*running) error { return w.db.Start() }},
		cut,
		{name: "database killed", said: target("register"),
			begin: func(*running) error { w.db.Kill(); return nil },
			end:   func(*running) error { return w.db.Start() }},
		{name: "drop folder gone", said: target("drop"),
			begin: func(*running) error { return os.Rename(drop, drop+".away") },
			end:   func(*running) error { return os.Rename(drop+".away", drop) }},
		cut,
		{name: "in-basket folder gone", said: inbasket,
			begin: func(*running) error { return os.Rename(in, in+".away") },
			end:   func(*running) error { return os.Rename(in+".away", in) }},
		{name: "fsync fails", said: journalOf,
			begin: func(a *running) error {
				return a.hook([]string{"-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"})
			},
			end: func(a *running) error { a.unhook(); return nil }},
		{name: "disk full", said: journalOf,
			begin: func(*running) error { return w.small.fill() },
			end:   func(*running) error { w.small.free(); return nil }},
	}
}

func target(name string) func(control.Status) *control.Trouble {
	return func(s control.Status) *control.Trouble {
		for _, t := range s.Targets {
			if t.Name == name {
				return t.Trouble
			}
		}
		return nil
	}
}

// paused tells of a paused target as if that were a trouble.
func paused(name string) func(control.Status) *control.Trouble {
	return func(s control.Status) *control.Trouble {
		for _, t := range s.Targets {
			if t.Name == name && t.Paused {
				return &control.Trouble{Code: "paused", Text: t.Why}
			}
		}
		return nil
	}
}

// order gives the agent an operator's order.
func (w *world) order(args ...string) error {
	_, err := w.command(context.Background(), args...)
	return err
}

// reloads reloads the configuration again and again while forms flow.
func (w *world) reloads(a *running) error {
	for range 15 {
		if err := w.order("reload"); err != nil {
			return err
		}
		a.ended(time.Duration(w.rand.IntN(400)) * time.Millisecond)
	}
	return nil
}

func inbasket(s control.Status) *control.Trouble {
	for _, i := range s.Inbaskets {
		if i.Trouble != nil {
			return i.Trouble
		}
	}
	return nil
}

func journalOf(s control.Status) *control.Trouble { return s.Journal }

// cutTransfer kills the FTP server, and its sessions with it, while a batch file is half there.
func (w *world) cutTransfer() error {
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(time.Millisecond) {
		halves, _ := filepath.Glob(filepath.Join(w.FTP.Root, ".*"))
		for _, name := range halves {
			info, err := os.Stat(name)
			if err == nil && info.Size() > 0 && info.Size() < 4*int64(w.fill) {
				w.FTP.Kill()
				return nil
			}
		}
	}
	return fmt.Errorf("no transfer was seen within 30 s")
}

// worry lets everything around the agent fail, one after the other, while forms flow. At last the disk is
// full once more, the agent is killed and started on the full disk, and the disk is made larger.
func (w *world) worry(ctx context.Context) (kills int, err error) {
	a, err := w.start()
	if err != nil {
		return 0, err
	}
	defer func() { a.kill() }()
	if !w.ready(20 * time.Second) {
		return 0, fmt.Errorf("the agent is not ready after 20 s")
	}
	things := w.troublesomeThings()
	for range max(1, w.rounds/len(things)) {
		for _, t := range things {
			if err := w.bear(ctx, t, a); err != nil {
				return 0, fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	begun := time.Now()
	if err := a.stop(); err != nil {
		return 0, err
	}
	fmt.Printf("%-32s after %d ms, while forms flow: %v\n", "stopped in order", time.Since(begun).Milliseconds(), a.how())
	if a, err = w.start(); err != nil {
		return 0, err
	}
	if !w.ready(20 * time.Second) {
		return 0, fmt.Errorf("the agent is not ready 20 s after it was started again: %s", w.status(ctx))
	}
	if err := w.small.fill(); err != nil {
		return 0, err
	}
	a.ended(2 * time.Second)
	a.kill()
	if a, err = w.start(); err != nil {
		return 1, err
	}
	survived := !a.ended(5 * time.Second)
	if err := w.small.grow(); err != nil {
		return 1, err
	}
	fmt.Printf("%-32s killed and started on the full disk: it runs: %v\n", "disk full", survived)
	a.ended(2 * time.Second)
	if a.kill() {
		return 2, nil
	}
	return 1, nil
}

// bear goes through one trouble.
func (w *world) bear(ctx context.Context, t trouble, a *running) error {
	if err := t.begin(a); err != nil {
		return err
	}
	if t.said == nil {
		fmt.Printf("%-32s done\n", t.name)
		return nil
	}
	said, err := w.await(ctx, a, t, true)
	if e := t.end(a); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	begun := time.Now()
	if _, err := w.await(ctx, a, t, false); err != nil {
		return err
	}
	fmt.Printf("%-32s status: %s %s; over %d ms after its end\n", t.name, said.Code, said.Text, time.Since(begun).Milliseconds())
	return nil
}

// await waits until status says that there is trouble, or none any more.
func (w *world) await(ctx context.Context, a *running, t trouble, there bool) (*control.Trouble, error) {
	for begun := time.Now(); time.Since(begun) < time.Minute; {
		if a.ended(100 * time.Millisecond) {
			return nil, fmt.Errorf("the agent has ended")
		}
		s, err := w.ask(ctx)
		if err != nil {
			continue // the agent may be busy with its trouble
		}
		if said := t.said(s); (said != nil) == there {
			return said, nil
		}
	}
	if there {
		return nil, fmt.Errorf("status does not say so within a minute: %s", w.status(ctx))
	}
	return nil, fmt.Errorf("status still says so a minute after: %s", w.status(ctx))
}

// ask asks the agent how it stands.
func (w *world) ask(ctx context.Context) (s control.Status, err error) {
	out, err := w.command(ctx, "status", "--json")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out, &s)
}
