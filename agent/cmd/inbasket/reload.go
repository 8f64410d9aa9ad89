package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

func reloadCommand(a *app) *cobra.Command {
	var r control.ReloadRequest
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make the running agent change over to the configuration as it is now",
		Long: `Reload is all or nothing: a configuration with anything wrong in it is refused, everything wrong is printed, and
the old one stays in force. Pointing a target with open deliveries elsewhere, or removing it, needs --force.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.agent(ctx, func(c *control.Client) error {
				report, err := orders.Reload.Ask(ctx, c, r)
				if err != nil {
					return err
				}
				return a.print(report, func(w io.Writer) { printReload(w, report) })
			}, nil)
		},
	}
	cmd.Flags().BoolVar(&r.Force, "force", false, "also when targets with open deliveries now point elsewhere or are gone")
	return cmd
}

func printReload(w io.Writer, r control.ReloadReport) {
	fmt.Fprint(w, r.Warnings)
	for _, c := range r.Changes {
		fmt.Fprintf(w, "  %s\n", changeText(c))
	}
	if len(r.Changes) == 0 {
		fmt.Fprintln(w, "reloaded; nothing but mappings may have changed")
		return
	}
	fmt.Fprintln(w, "reloaded")
}

// changeText says what changed, and when it counts.
func changeText(c config.Change) string {
	what := strings.Join(words(c.Section, c.Name), " ")
	if c.Kind == config.Restart {
		return what + ": changed, counts from the next start of the agent"
	}
	return what + ": " + string(c.Kind)
}

// onOrders calls do at each order until ctx ends or stop is called; stop waits for the one under way.
func onOrders[T any](ctx context.Context, orders <-chan T, do func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-orders:
				do()
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
