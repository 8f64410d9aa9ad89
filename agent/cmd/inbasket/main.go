// Command inbasket is the agent beside a legacy system, and what its people need to run it.
package main

import (
	"context"
	"os"
	"os/signal"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(command()) }

// command runs the command line of the process and returns its exit code.
func command() int {
	if code, yes := asService(os.Args[1:]); yes {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	return a.execute(ctx, os.Args[1:])
}
