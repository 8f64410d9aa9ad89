package control

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an operator that remembers what it was told.
type fake struct {
	mu     sync.Mutex
	got    []any
	docs   map[string]string
	err    error
	block  chan struct{}
	stream []byte
}

func (f *fake) keep(x any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, x)
	return f.err
}

func (f *fake) Status(ctx context.Context) (Status, error) {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
	return Status{Running: true, Agency: "Bauamt", Targets: []TargetStatus{{Name: "register", Trouble: &Trouble{Code: "sql.login"}}}}, f.keep("status")
}
func (f *fake) List(_ context.Context, x journal.Filter) ([]journal.Entry, error) {
	return []journal.Entry{{ID: 7, State: journal.Parked}}, f.keep(x)
}
func (f *fake) Show(_ context.Context, id journal.ID) (journal.View, error) {
	return journal.View{Entry: journal.Entry{ID: id}, Attachments: []journal.File{{Name: "a.pdf"}},
		Deliveries: []journal.DeliveryView{{Target: "register", Progress: journal.Held, Reason: &journal.Reason{Code: "sql.length", Raw: "secret"}}}}, f.keep(id)
}
func (f *fake) Batches(_ context.Context, target string, open bool) ([]journal.Batch, error) {
	return []journal.Batch{{Seq: 3, Target: target, Members: []journal.ID{1, 2}}}, f.keep(open)
}
func (f *fake) Results(_ context.Context, x ResultsFilter) ([]journal.Outcome, error) {
	return []journal.Outcome{{Source: "register", ResultID: "9", MatchKey: "CASE_NO=4\x1fYEAR=2026", Park: &journal.Reason{Code: "result.unknown-status", Text: "why", Raw: "secret"}}}, f.keep(x)
}
func (f *fake) Confirm(_ context.Context, r ConfirmRequest) (Settled, error) {
	return Settled{ID: r.ID}, f.keep(r)
}
func (f *fake) DropResult(_ context.Context, r DropResultRequest) error { return f.keep(r) }
func (f *fake) Attach(_ context.Context, r AttachRequest) (Settled, error) {
	return Settled{ID: r.ID}, f.keep(r)
}
func (f *fake) Retry(_ context.Context, r RetryRequest) ([]Settled, error) {
	return []Settled{{ID: 1, Error: &Error{Code: "x", Message: "y"}}}, f.keep(r)
}
func (f *fake) Release(_ context.Context, r ReleaseRequest) ([]Settled, error) {
	return []Settled{{ID: 1}}, f.keep(r)
}
func (f *fake) Reject(_ context.Context, r RejectRequest) (Settled, error) {
	return Settled{ID: r.ID}, f.keep(r)
}
func (f *fake) Decide(_ context.Context, r DecideRequest, docs iter.Seq2[Document, error]) (Settled, error) {
	f.docs = map[string]string{}
	for d, err := range docs {
		if err != nil {
			return Settled{}, err
		}
		b, err := io.ReadAll(d.Body)
		if err != nil {
			return Settled{}, err
		}
		f.docs[d.Name+" "+d.ContentType] = string(b)
	}
	return Settled{ID: r.ID, State: "decided"}, f.keep(r)
}
func (f *fake) Pause(_ context.Context, r PauseRequest) error { return f.keep(r) }
func (f *fake) Redeliver(_ context.Context, r RedeliverRequest) (RedeliverReport, error) {
	return RedeliverReport{Target: r.Target, Count: 5}, f.keep(r)
}
func (f *fake) Void(_ context.Context, r VoidRequest) error { return f.keep(r) }
func (f *fake) Reload(_ context.Context, r ReloadRequest) (ReloadReport, error) {
	return ReloadReport{}, f.keep(r)
}

// serve runs a server on a fresh state folder until the test ends.
func serve(t *testing.T, op Operator) (*Client, string) {
	t.Helper()
	state := t.TempDir()
	l, err := Listen(state, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, op) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return NewClient(state), state
}

func TestOrders(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	ctx := context.Background()
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s, err := c.Status(ctx)
	if err != nil || s.Agency != "Bauamt" || s.Targets[0].Trouble.Code != "sql.login" {
		t.Fatal(s, err)
	}
	if list, err := c.List(ctx, journal.Filter{State: journal.Parked, Since: since, Limit: 3}); err != nil || list[0].ID != 7 {
		t.Error(list, err)
	}
	if v, err := c.Show(ctx, 9, false); err != nil || v.ID != 9 || v.Deliveries[0].Code != "sql.length" || len(v.Attachments[0].Digest) != 64 {
		t.Error(v, err)
	}
	if b, err := c.Batches(ctx, "mainframe", true); err != nil || b[0].Members != 2 {
		t.Error(b, err)
	}
	if x, err := c.Retry(ctx, RetryRequest{IDs: []journal.ID{1}, Mapping: true, By: "somebody else"}); err != nil || x[0].Error.Code != "x" {
		t.Error(x, err)
	}
	w, err := c.Results(ctx, ResultsFilter{Parked: true, Limit: 5})
	if err != nil || len(w) != 1 || w[0].Kind != KindParked || w[0].About != "CASE_NO=4, YEAR=2026" || w[0].Text != "why" || w[0].Code != "result.unknown-status" {
		t.Error(w, err)
	}
	_, err0 := c.Attach(ctx, AttachRequest{Result: 9, ID: 1, By: "somebody else"})
	_, err7 := c.Confirm(ctx, ConfirmRequest{Target: "t", Seq: 3, Reason: "seen"})
	err8 := c.DropResult(ctx, DropResultRequest{Result: 4, Reason: "not ours"})
	_, err1 := c.Release(ctx, ReleaseRequest{IDs: []journal.ID{1}})
	_, err2 := c.Reject(ctx, RejectRequest{ID: 1, Reason: "r"})
	err3 := c.Pause(ctx, PauseRequest{Target: "t", Paused: true})
	_, err4 := c.Redeliver(ctx, RedeliverRequest{Target: "t", Since: since, DryRun: true})
	err5 := c.Void(ctx, VoidRequest{Target: "t", Seq: 4})
	_, err6 := c.Reload(ctx, ReloadRequest{Force: true})
	if err := errors.Join(err8, err7, err0, err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	by := f.got[4].(RetryRequest).By
	if by == "" || by == "somebody else" {
		t.Errorf("the caller said who it is: %q", by)
	}
	want := []any{"status", journal.Filter{State: journal.Parked, Since: since, Limit: 3}, journal.ID(9), true,
		RetryRequest{IDs: []journal.ID{1}, Mapping: true, By: by}, ResultsFilter{Parked: true, Limit: 5}, AttachRequest{Result: 9, ID: 1, By: by}, ConfirmRequest{Target: "t", Seq: 3, Reason: "seen", By: by}, DropResultRequest{Result: 4, Reason: "not ours", By: by}, ReleaseRequest{IDs: []journal.ID{1}, By: by}, RejectRequest{ID: 1, Reason: "r", By: by},
		PauseRequest{Target: "t", Paused: true, By: by}, RedeliverRequest{Target: "t", Since: since, DryRun: true, By: by}, VoidRequest{Target: "t", Seq: 4, By: by}, ReloadRequest{Force: true, By: by}}
	if d := cmp.Diff(want, f.got); d != "" {
		t.Error(d)
	}
}

func TestDecide(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	big := strings.Repeat("x", 3<<20)
	open := func(s string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
	}
	s, err := c.Decide(context.Background(), DecideRequest{ID: 5, Outcome: "approved"}, []Upload{
		{Name: "Bescheid Größe.pdf", ContentType: "application/pdf", Open: open(big)},
		{Name: "b.txt", ContentType: "text/plain", Open: open("b")},
	})
	if err != nil || s.State != "decided" {
		t.Fatal(s, err)
	}
	if d := cmp.Diff(map[string]string{"Bescheid Größe.pdf application/pdf": big, "b.txt text/plain": "b"}, f.docs); d != "" {
		t.Error(d)
	}
	_, err = c.Decide(context.Background(), DecideRequest{ID: 5}, []Upload{{Name: "a", Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }}})
	if err == nil {
		t.Error("a document that cannot be opened was decided upon")
	}
}

func TestErrors(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	for name, x := range map[string]struct {
		err     error
		code    string
		details string
	}{
		"own":       {&Error{Code: "a.b", Message: "m", Hint: "h"}, "a.b", ""},
		"partly":    {&journal.PartlyDeliveredError{ID: 1, Targets: []string{"register"}}, CodePartly, ""},
		"not found": {journal.ErrNotFound, CodeNotFound, ""},
		"state":     {&journal.TransitionError{ID: 1, From: journal.Done, To: journal.Pending}, CodeState, ""},
		"coded":     {connectors.Errorf(connectors.TargetError, "journal.disk-full", "accept", "make space", "secret"), "journal.disk-full", ""},
		"problems":  {diag.Problems{{File: "a.yaml", Line: 1, Column: 1, Code: "c", Message: "m"}}, "config.refused", "a.yaml:1:1: m [c]\n"},
		"internal":  {errors.New("secret"), CodeInternal, ""},
	} {
		f.err = x.err
		_, err := c.Status(context.Background())
		var e *Error
		if !errors.As(err, &e) || e.Code != x.code || e.Details != x.details || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotRunning(t *testing.T) {
	state := t.TempDir()
	if _, err := NewClient(state).Status(context.Background()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no socket: %v", err)
	}
	if _, err := NewClient(filepath.Join(state, "no such folder")).Status(context.Background()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no folder: %v", err)
	}
}

// TestLeftBehind starts on a folder in which a killed agent left its socket.
func TestLeftBehind(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "control.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(state, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error("closed twice:", err)
	}
}

func TestStopEndsOrders(t *testing.T) {
	f := &fake{block: make(chan struct{})}
	state := t.TempDir()
	l, err := Listen(state, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, f) }()
	asked := make(chan error, 1)
	go func() { _, err := NewClient(state).Status(context.Background()); asked <- err }()
	cancel()
	close(f.block)
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-asked // answered or refused, but not hanging
}

func TestGarbage(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/list", "{"}, {"POST", "/list", `{"Nonsense": 1}`}, {"POST", "/nothing", "{}"}, {"GET", "/status", ""},
		{"POST", "/decide", "x"}, {"POST", "/show", `{"id": "not an id"}`}, {"POST", "/list", `{"Route":"` + strings.Repeat("x", 2<<20) + `"}`},
	} {
		req, err := http.NewRequest(x.method, "http://inbasket"+x.path, strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		key, _ := c.key()
		req.Header.Set(keyHeader, key)
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("%s %s: %d", x.method, x.path, resp.StatusCode)
		}
	}
	if len(f.got) != 0 {
		t.Errorf("garbage became an order: %v", f.got)
	}
}

func (f *fake) Note(_ context.Context, r NoteRequest) error { return f.keep(r) }

// A note tells of what is done beside the agent, and of nothing else.
func TestNote(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	for action, want := range map[string]bool{"secret-set": true, "service-install.failed": true, "retry": false, "": false, "secret-set.failed.failed": false} {
		if err := c.Note(t.Context(), NoteRequest{Action: action, Object: "register", By: "mallory"}); (err == nil) != want {
			t.Errorf("%q: %v", action, err)
		}
	}
}
