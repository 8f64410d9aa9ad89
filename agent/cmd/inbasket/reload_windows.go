package main

import (
	"context"

	"github.com/rs/zerolog"
)

// reloadOnSignal has no signal on Windows: there is inbasket reload.
func reloadOnSignal(context.Context, zerolog.Logger, func() error) (stop func()) { return func() {} }
