//go:build !windows

package control

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRights(t *testing.T) {
	_, state := serve(t, &fake{})
	info, err := os.Stat(filepath.Join(state, SocketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if _, err := Listen(t.TempDir(), "no-such-group-here"); err == nil {
		t.Error("an unknown group was taken")
	}
}

// TestDeepFolder uses a state folder whose socket does not fit into sockaddr_un.
func TestDeepFolder(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc here")
	}
	state := filepath.Join(t.TempDir(), strings.Repeat("a", 80), strings.Repeat("b", 80))
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(state, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, (&fake{}).handlers()) }()
	if s, err := Ask[Status](ctx, NewClient(state), "status", Nothing{}); err != nil || !s.Running {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(state, SocketName)); err == nil {
		t.Error("the socket stays behind")
	}
}
