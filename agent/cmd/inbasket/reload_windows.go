package main

import (
	"context"

	"github.com/rs/zerolog"
)

// reloadOnSignal reloads at each order of the service manager (sc control NAME paramchange) until stop is
// called. A refused configuration is told in the event log; the old one stays in force. In a terminal there
// is no such order, only inbasket reload.
func reloadOnSignal(ctx context.Context, h *host, log zerolog.Logger, reload func() error) (stop func()) {
	if h == nil {
		return func() {}
	}
	return onOrders(ctx, h.reloads, func() {
		err := reload()
		h.reloaded(err)
		if err != nil {
			log.Info().Str("code", codeOf(err)).Msg("reload refused, the old configuration stays in force: " + safeText(err))
		}
	})
}
