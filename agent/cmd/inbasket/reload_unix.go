//go:build !windows

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"
)

// reloadOnSignal reloads at each SIGHUP until stop is called. A refused configuration is logged; the old
// one stays in force.
func reloadOnSignal(ctx context.Context, _ *host, log zerolog.Logger, reload func() error) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	end := onOrders(ctx, signals, func() {
		if err := reload(); err != nil {
			log.Error().Str("code", codeOf(err)).Msg("reload refused, the old configuration stays in force: " + safeText(err))
		}
	})
	return func() {
		signal.Stop(signals)
		end()
	}
}
