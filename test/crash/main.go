// Command crash kills the agent again and again while forms flow, and then looks whether every form is
// where it belongs, once.
//
// The real binary runs with PostgreSQL, a file drop and a vsftpd that takes numbered batches, both emptied
// behind its back, a back office that decides, and a front office that posts forms, follows events and
// receives webhooks. Forms come all the time, into the folder and by HTTP, with attachments, some of them
// wrong, some twice. A round ends with SIGKILL: at a random moment, or at the Nth call of fsync, rename,
// write or connect by strace. In other rounds the database or the FTP server is killed too, an fsync
// fails, or the disk is full. The last line says what came of it.
//
// With -power the agent's disk loses its power in every round. With -troubles the agent goes on running
// while everything around it fails, one after the other, and status has to say so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	rounds   int
	forms    int // new ones a round
	seed     uint64
	binary   string
	keep     bool
	power    bool
	troubles bool
	only     string
}

// errNoDisk says that this machine gives us no disk of our own: not root, or no loop device. CI has to have it.
var errNoDisk = errors.New("no disk of our own can be mounted here; it takes root and a loop device")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.IntVar(&o.rounds, "rounds", 20, "how often the agent is killed")
	flag.IntVar(&o.forms, "forms", 12, "new forms a round")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of all chance")
	flag.StringVar(&o.binary, "binary", "", "agent to kill; empty: build it")
	flag.BoolVar(&o.keep, "keep", false, "keep the working folder")
	flag.BoolVar(&o.power, "power", false, "cut the power of the agent's disk instead (root)")
	flag.BoolVar(&o.troubles, "troubles", false, "let everything around the agent fail instead, and see what status says (root)")
	flag.StringVar(&o.only, "only", "", "one kind of round only, such as fsync")
	flag.Parse()
	ok, err := run(ctx, o)
	if errors.Is(err, errNoDisk) && os.Getenv("CI") != "true" {
		fmt.Println("left out:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (bool, error) {
	fmt.Printf("seed %d\n", o.seed)
	w, err := newWorld(ctx, o)
	if err != nil {
		return false, err
	}
	defer w.close()
	kills, found, err := w.run(ctx)
	if err != nil {
		w.keep = true
		return false, fmt.Errorf("%w\n%s", err, w.logTail())
	}
	for _, line := range found.lines {
		fmt.Println(line)
	}
	ok := found.lost+found.doubled+found.stuck == 0
	if !ok {
		w.keep = true
		fmt.Println(w.logTail())
	}
	fmt.Printf("%d kills, %d submissions, %d lost, %d doubled, %d stuck\n", kills, w.sender.count(), found.lost, found.doubled, found.stuck)
	return ok, nil
}

// run kills the agent as often as is asked for, or troubles it, and then lets everything settle.
func (w *world) run(ctx context.Context) (kills int, f *findings, err error) {
	stop := w.sender.flow(70 * time.Millisecond)
	defer func() { stop() }()
	if w.troubles {
		if kills, err = w.worry(ctx); err != nil {
			return kills, nil, err
		}
	}
	// An agent that finds its disk full or failing at the start ends by itself: such a round does not count.
	for n := 0; kills < w.rounds && n < 2*w.rounds && !w.troubles; n++ {
		killed, err := w.round(ctx, n)
		if err != nil {
			return kills, nil, fmt.Errorf("round %d: %w", n+1, err)
		}
		if killed {
			kills++
		}
	}
	stop()
	stop = func() {}
	a, err := w.start()
	if err != nil {
		return kills, nil, err
	}
	f, err = w.settle(ctx, a)
	return kills, f, err
}
