package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// kind is one way in which a round goes wrong.
type kind struct {
	name  string
	calls string // system calls that strace injects into; empty: no strace
	fault string // what it injects
	prey  string // a server that is killed and started again meanwhile
}

const kill = "signal=KILL"

var kinds = []kind{
	{name: "moment"},
	{name: "fsync", calls: "fsync,fdatasync", fault: kill},
	{name: "rename", calls: "rename,renameat,renameat2,link,linkat,unlinkat", fault: kill},
	{name: "write", calls: "write,pwrite64", fault: kill},
	{name: "connect", calls: "connect", fault: kill},
	{name: "moment"},
	{name: "database", prey: "database"},
	{name: "ftp", prey: "ftp"},
	{name: "fsync fails", calls: "fsync,fdatasync", fault: "error=EIO"},
	{name: "disk full", calls: "pwrite64", fault: "error=ENOSPC"},
	{name: "backup"},
}

// pick returns the kind of the n-th round.
func (w *world) pick(n int) kind {
	if w.only == "" {
		return kinds[n%len(kinds)]
	}
	for _, k := range kinds {
		if k.name == w.only {
			return k
		}
	}
	return kinds[0]
}

// round runs the agent while forms flow, and kills it; it tells whether the agent was killed.
func (w *world) round(ctx context.Context, n int) (bool, error) {
	w.sender.send(w.forms / 2) // something to do from the start
	k := w.pick(n)
	early, late, err := w.faults(k)
	if err != nil {
		return false, err
	}
	a, err := w.start(early...)
	if err != nil {
		return false, err
	}
	begun := time.Now()
	if err := w.hunt(k, a, late); err != nil {
		a.kill()
		return false, err
	}
	if w.disk != nil {
		// First the power goes, and then the agent: it may see a dead disk for a moment.
		if err := w.disk.shutdown(); err != nil {
			return false, fmt.Errorf("power loss: %w", err)
		}
		a.ended(time.Duration(w.rand.IntN(100)) * time.Millisecond)
	}
	killed := a.kill() || a.killed()
	if w.disk != nil {
		w.gate.Lock()
		err := w.disk.again()
		w.gate.Unlock()
		if err != nil {
			return false, fmt.Errorf("after the power loss: %w", err)
		}
	}
	// Whatever was written so far is right, though not all of it is there yet.
	found := &findings{}
	if err := w.lookDatabase(ctx, found, w.sender.all(), false); err != nil {
		return false, fmt.Errorf("look at the database: %w", err)
	}
	if len(found.lines) > 0 {
		return false, fmt.Errorf("not straight after the round: %q", found.lines)
	}
	how := ""
	for _, f := range [][]string{early, late} {
		if len(f) > 0 {
			how = f[len(f)-1]
		}
	}
	if !killed {
		how += " (ended by itself)"
	}
	fmt.Printf("round %3d  %-11s  over after %4d ms  %s\n", n+1, k.name, time.Since(begun).Milliseconds(), how)
	return killed, ctx.Err()
}

// faults returns strace's arguments for a round of this kind: from the start of the agent, at the Nth
// call, or for later, when it is hooked to the running agent at a random moment, at the next call. Strace
// counts the calls of each thread on its own, which is why counting from the start alone goes not far.
func (w *world) faults(k kind) (early, late []string, err error) {
	if k.calls == "" {
		return nil, nil, nil
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, nil, fmt.Errorf("strace is needed: %w", err)
	}
	use := w.uses[k.name]
	w.uses[k.name]++
	inject := func(when int) []string {
		from := fmt.Sprint(when)
		if k.name == "disk full" {
			from += "+" // it stays full until the next round
		}
		return []string{"-e", "trace=" + k.calls, "-e", "inject=" + k.calls + ":" + k.fault + ":when=" + from}
	}
	if use%3 == 0 {
		return inject(1 + use/3), nil, nil
	}
	return nil, inject(use % 3), nil
}

// hunt waits until the agent is to be killed: at once when strace has done it, else at a random moment.
func (w *world) hunt(k kind, a *running, late []string) error {
	some := func(most int) time.Duration { return time.Duration(w.rand.IntN(most)) * time.Millisecond }
	if late != nil && !a.ended(some(900)) {
		if err := a.hook(late); err != nil {
			return err
		}
	}
	switch {
	case k.fault == kill:
		a.ended(2 * time.Second)
	case k.calls != "":
		a.ended(500*time.Millisecond + some(1000))
	case k.prey == "database":
		a.ended(some(500))
		w.db.Kill()
		a.ended(some(300))
		if err := w.db.Start(); err != nil {
			return err
		}
		a.ended(some(800))
	case k.prey == "ftp":
		a.ended(some(800))
		w.FTP.Kill()
		a.ended(some(300))
		if err := w.FTP.Start(); err != nil {
			return err
		}
		a.ended(some(1500))
	case k.name == "backup":
		a.ended(some(900))
		return w.backedUp(a, 5*time.Millisecond+some(400))
	default:
		a.ended(20*time.Millisecond + some(1200))
	}
	return nil
}
