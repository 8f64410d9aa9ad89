package loop

import (
	"context"
	"sync"
)

// Turn lets one at a time do something that takes long. Who waits for it may give up. The zero value is free.
type Turn struct {
	once sync.Once
	held chan struct{}
}

// Take waits until nobody has it.
func (t *Turn) Take(ctx context.Context) error {
	t.once.Do(func() { t.held = make(chan struct{}, 1) })
	select {
	case t.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Over gives it back.
func (t *Turn) Over() { <-t.held }
