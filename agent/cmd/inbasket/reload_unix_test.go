//go:build !windows

package main

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
)

func TestReloadOnSignal(t *testing.T) {
	reloaded := make(chan struct{}, 1)
	stop := reloadOnSignal(context.Background(), nil, zerolog.Nop(), func() error {
		reloaded <- struct{}{}
		return errors.New("refused")
	})
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-reloaded
	stop()
}
