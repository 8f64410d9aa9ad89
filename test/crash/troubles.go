package main

import (
	"context"
)

func (w *world) trouble(ctx context.Context) (int, error) { return 0, ctx.Err() }
