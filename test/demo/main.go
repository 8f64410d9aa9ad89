// Command demo shows the whole way of the data on this machine alone: three kinds of forms go from in-baskets and
// over HTTP into two databases, a file drop and an FTP batch; stand-ins for the offices decide, and the decisions
// come back to a stand-in for the front office. It then checks the end state, and exits 0 only if it is right.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.BoolVar(&o.stay, "stay", false, "keep running afterwards, and say where to drop own forms and what to curl")
	flag.DurationVar(&o.patience, "patience", time.Minute, "how long anything may take before it counts as failed")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo takes no arguments, only -stay and -patience\n")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nFAILED: %v\n", err)
		os.Exit(1)
	}
}
