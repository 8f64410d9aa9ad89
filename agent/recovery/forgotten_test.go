package recovery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/test/clock"
)

// logged writes a log of orders, each with its object behind a colon; details follow a space as name=value.
func logged(t *testing.T, dir string, orders ...string) {
	t.Helper()
	log, err := audit.Open(dir, clock.NewManual())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orders {
		words := strings.Fields(o)
		action, object, _ := strings.Cut(words[0], ":")
		details := map[string]string{}
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w, "=")
			details[name] = value
		}
		if _, err := log.Add(audit.Record{Who: "anna", Via: audit.ViaControl, Action: action, Object: object, Details: details}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// copied copies a log as a backup has it.
func copied(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(to, "audit.lock"))
}

// TestForgottenOrders lists what people ordered between backup and restore and nothing else brings back.
func TestForgottenOrders(t *testing.T) {
	state := t.TempDir()
	own, aside := filepath.Join(state, audit.Folder), filepath.Join(state, "before-restore-1", audit.Folder)
	list := func() string {
		var all []string
		for _, o := range forgottenOrders(t.Context(), state) {
			all = append(all, o.Action+":"+o.Object)
		}
		return strings.Join(all, " ")
	}
	if got := list(); got != "" {
		t.Errorf("without a log: %s", got)
	}
	logged(t, aside, "pause:before")
	copied(t, aside, own)
	logged(t, aside, "pause:register", "retry:one", "purge:", "purge:two", "void:mainframe", "void.failed:mainframe entry=6", "reject:three")
	if got := list(); got != "" {
		t.Errorf("before the restore: %s", got)
	}
	logged(t, own, "restore aside=before-restore-1")
	if got, want := list(), "pause:register purge:two reject:three"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	logged(t, own, "restore aside=../elsewhere")
	if got := list(); got != "" {
		t.Errorf("a log elsewhere: %s", got)
	}
}

// TestForgottenByTwoRestores follows restores that were made one over the other, oldest first.
func TestForgottenByTwoRestores(t *testing.T) {
	state := t.TempDir()
	own, first, second := filepath.Join(state, audit.Folder), filepath.Join(state, "before-restore-1", audit.Folder), filepath.Join(state, "before-restore-2", audit.Folder)
	logged(t, first, "pause:before")
	copied(t, first, own)
	copied(t, first, second)
	logged(t, first, "reject:one")
	logged(t, second, "restore aside=before-restore-1", "decide:two")
	logged(t, own, "restore aside=before-restore-2")
	var all []string
	for _, o := range forgottenOrders(t.Context(), state) {
		all = append(all, o.Action+":"+o.Object)
	}
	if got := strings.Join(all, " "); got != "reject:one decide:two" {
		t.Error(got)
	}
}

// TestOffices are told to post again only where they can post.
func TestOffices(t *testing.T) {
	cfg := &config.Config{Listen: &config.Listen{}, FrontOffices: []config.FrontOffice{{Name: "portal"}, {Name: "reader"}}, Routes: []config.Route{{FrontOffice: "portal"}}}
	list := askOffices(cfg, time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	if len(list) != 2 || !strings.Contains(list[0].Advice, "post again what was posted since 2026-03-02T12:00:00Z") || strings.Contains(list[1].Advice, "post again") {
		t.Errorf("%+v", list)
	}
}
