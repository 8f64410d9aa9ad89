// Package keep has the commands that run the agent and keep it going.
package keep

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/look"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
)

// Commands returns those of the first level; s is what the agent runs under.
func Commands(a *cli.App, s *system.Supervisor) []*cobra.Command {
	return []*cobra.Command{run(a, s), reload(a), pause(a), resume(a), redeliver(a), purge(a), journalFile(a), look.Upgrade(a), version(a),
		makeBackup(a), restore(a), restored(a)}
}

func pause(a *cli.App) *cobra.Command {
	r := control.PauseRequest{Paused: true}
	cmd := &cobra.Command{
		Use:   "pause TARGET",
		Short: "Stop delivering to a target; forms are still accepted",
		RunE: func(cmd *cobra.Command, given []string) error {
			r.Target = given[0]
			return cli.OrderDone(cmd.Context(), a, orders.Pause.Ask, r, fmt.Sprintf("%s is paused; go on by: inbasket resume %[1]s", r.Target))
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why, as status shows it")
	return cmd
}

func resume(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "resume TARGET",
		Short: "Deliver to a paused target again",
		RunE: func(cmd *cobra.Command, given []string) error {
			return cli.OrderDone(cmd.Context(), a, orders.Pause.Ask, control.PauseRequest{Target: given[0]}, given[0]+" is delivered to again")
		},
	}
}

func reload(a *cli.App) *cobra.Command {
	var r control.ReloadRequest
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Make the running agent change over to the configuration as it is now",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cli.Show(cmd.Context(), a, orders.Reload.Ask, r, nil, printReload)
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
	what := strings.Join(cli.NotEmpty(c.Section, c.Name), " ")
	if c.Kind == config.Restart {
		return what + ": changed, counts from the next start of the agent"
	}
	return what + ": " + string(c.Kind)
}

func redeliver(a *cli.App) *cobra.Command {
	var since, target string
	var yes, force bool
	cmd := &cobra.Command{
		Use:   "redeliver --target TARGET --since TIME",
		Short: "Deliver again what a target has lost, such as one restored from last night's backup",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if target == "" || since == "" {
				return cli.Usagef("redeliver needs --target and --since")
			}
			at, err := cli.Moment(since, time.Now())
			if err != nil {
				return err
			}
			return cli.Show(cmd.Context(), a, orders.Redeliver.Ask, control.RedeliverRequest{Target: target, Since: at, DryRun: !yes, Force: force}, nil,
				func(w io.Writer, r control.RedeliverReport) { printRedeliver(w, r, at) })
		},
	}
	cmd.Flags().StringVar(&target, "target", "", "the target")
	cmd.Flags().StringVar(&since, "since", "", "delivered since: a time such as 2026-11-22T18:00, or an age such as 24h")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.Flags().BoolVar(&force, "force", false, "also what a person has confirmed")
	return cmd
}

func printRedeliver(w io.Writer, r control.RedeliverReport, since time.Time) {
	if r.Done {
		fmt.Fprintf(w, "%s delivered to %s since %s are delivered again\n", cli.Count(int(r.Count), "submission"), r.Target, cli.Stamp(since))
	} else {
		fmt.Fprintf(w, "%s delivered to %s since %s would be delivered again\n", cli.Count(int(r.Count), "submission"), r.Target, cli.Stamp(since))
	}
	for _, e := range r.Sample {
		fmt.Fprintf(w, "  %s  %s  %s\n", e.ID, cli.Stamp(e.At), cli.Visible(e.Reference))
	}
	if rest := r.Count - int64(len(r.Sample)); rest > 0 && len(r.Sample) > 0 {
		fmt.Fprintf(w, "  and %d more\n", rest)
	}
	cli.SayIf(w, r.Note != "", "%s\n", r.Note)
	cli.SayIf(w, r.Left > 0, "%s confirmed by a person: left out, since the target may have that without knowing it; look there, then say --force\n", cli.Count(int(r.Left), "submission"))
	cli.SayIf(w, !r.Done && r.Count > 0, "do it by the same command with --yes\n")
}

func version(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit,omitempty"`
				Go      string `json:"go"`
				System  string `json:"system"`
			}{a.Version, cli.Commit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			return a.Print(v, func(w io.Writer) { fmt.Fprintf(w, "inbasket %s (%s, %s)\n", v.Version, v.Go, v.System) })
		},
	}
}
