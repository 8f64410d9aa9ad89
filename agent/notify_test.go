package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
)

// A service manager hears of every reload, refused or not, and of the stop.
func TestServiceManagerIsTold(t *testing.T) {
	w := newWorld(t)
	cfg, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ready := make(chan struct{})
	a, err := agent.New(ctx, agent.Options{Config: cfg, Reload: w.load, Log: zerolog.New(w.log),
		Ready: func(agent.Addresses) { close(ready) }, Notify: func(event string) { told = append(told, event) }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	<-ready
	if _, err := a.Reload(ctx, control.ReloadRequest{By: "test"}); err != nil {
		t.Fatal(err)
	}
	w.write("inbasket.yaml", "agenzy: x")
	if _, err := a.Reload(ctx, control.ReloadRequest{By: "test"}); err == nil {
		t.Error("a wrong configuration was taken")
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, " "); got != "reloading reloaded reloading reloaded stopping" {
		t.Errorf("told: %s", got)
	}
}
