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
	fault string // what it injects; the count of the call is appended
	step  int    // how much further each round of the kind lets the agent come
	prey  string // a server that is killed and started again meanwhile
}

var kinds = []kind{
	{name: "moment"},
	{name: "fsync", calls: "fsync,fdatasync", fault: "signal=KILL", step: 1},
	{name: "rename", calls: "rename,renameat,renameat2,link,linkat,unlinkat", fault: "signal=KILL", step: 1},
	{name: "write", calls: "write,pwrite64", fault: "signal=KILL", step: 7},
	{name: "connect", calls: "connect", fault: "signal=KILL", step: 1},
	{name: "moment"},
	{name: "database", prey: "database"},
	{name: "ftp", prey: "ftp"},
	{name: "fsync fails", calls: "fsync,fdatasync", fault: "error=EIO", step: 2},
	{name: "disk full", calls: "pwrite64", fault: "error=ENOSPC", step: 5},
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

// round sends forms, runs the agent and kills it; it tells whether the agent was killed.
func (w *world) round(ctx context.Context, n int) (bool, error) {
	if err := w.sender.send(w.forms); err != nil {
		return false, err
	}
	k := w.pick(n)
	faults, err := w.faults(k)
	if err != nil {
		return false, err
	}
	a, err := w.start(faults...)
	if err != nil {
		return false, err
	}
	begun := time.Now()
	if err := w.hunt(k, a); err != nil {
		a.kill()
		return false, err
	}
	killed := a.kill() || a.killed()
	if w.disk != nil {
		if err := w.disk.cut(); err != nil {
			return false, fmt.Errorf("power loss: %w", err)
		}
	}
	fmt.Printf("round %3d  %-12s %v  killed after %4d ms\n", n+1, k.name, faults, time.Since(begun).Milliseconds())
	return killed, ctx.Err()
}

// faults returns strace's arguments for a round of this kind.
func (w *world) faults(k kind) ([]string, error) {
	if k.calls == "" {
		return nil, nil
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return nil, fmt.Errorf("strace is needed: %w", err)
	}
	at := 1 + w.uses[k.name]*k.step
	w.uses[k.name]++
	when := fmt.Sprint(at)
	if k.name == "disk full" {
		when += "+" // it stays full until the next round
	}
	return []string{"-e", "trace=" + k.calls, "-e", "inject=" + k.calls + ":" + k.fault + ":when=" + when}, nil
}

// hunt waits until the agent is to be killed: at once when strace has done it, else at a random moment.
func (w *world) hunt(k kind, a *running) error {
	some := func(most int) time.Duration { return time.Duration(w.rand.IntN(most)) * time.Millisecond }
	switch {
	case k.fault == "signal=KILL":
		a.ended(3 * time.Second)
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
	default:
		a.ended(20*time.Millisecond + some(1200))
	}
	return nil
}
