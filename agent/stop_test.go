package agent

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/test/clock"
)

// A stop does not wait for a journal that is being compacted, which takes minutes: the service manager would kill the
// agent. What is left open is as after a power cut.
func TestAStopDoesNotWaitForMaintenance(t *testing.T) {
	state := t.TempDir()
	var log bytes.Buffer
	fast := clock.NewFast(1000)
	a, err := New(t.Context(), Options{Config: &config.Config{State: state}, Clock: fast, Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	release, begun := make(chan struct{}), make(chan struct{})
	compacted := make(chan error, 1)
	go func() {
		_, err := checking.Of(a.journal).Compact(t.Context(), func() (int64, error) { close(begun); <-release; return 0, errors.New("unknown") })
		compacted <- err
	}()
	<-begun
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log.Bytes(), []byte("as after a power cut")) {
		t.Errorf("log: %s", &log)
	}
	close(release)
	if err := <-compacted; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for { // it closes all the same
		j, err := journal.Open(ctx, state+"/journal", journal.Options{})
		if err == nil {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
			return
		}
		if !errors.Is(err, journal.ErrLocked) || ctx.Err() != nil {
			t.Fatal(err)
		}
		<-fast.After(time.Second)
	}
}
