package control

import (
	"context"
	"errors"
	"io"
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

func (f *fake) status(ctx context.Context, _ Nothing) (Status, error) {
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
	return Status{Running: true, Agency: "Bauamt", Targets: []TargetStatus{{Name: "register", Trouble: &Trouble{Code: "sql.login"}}}}, f.keep("status")
}

func (f *fake) decide(_ context.Context, r DecideRequest) (Settled, error) {
	f.docs = map[string]string{}
	for d, err := range r.Documents {
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

func (f *fake) form(_ context.Context, r FormRequest) (Form, error) {
	return Form{Name: r.Attachment, ContentType: "text/plain", Blob: connectors.BytesBlob([]byte("what a citizen wrote"))}, f.keep(r)
}

func (f *fake) backup(_ context.Context, r BackupRequest) (done Nothing, err error) {
	if _, err := r.To.Write(f.stream); err != nil {
		return done, err
	}
	return done, f.keep(BackupRequest{By: r.By})
}

// remember handles an order by remembering it.
func remember[Request, Answer any](f *fake, name string, answer Answer) Handler {
	return Handle(name, func(_ context.Context, r Request) (Answer, error) { return answer, f.keep(r) })
}

func (f *fake) handlers() []Handler {
	return []Handler{Handle("status", f.status), HandleDecision("decide", f.decide), HandleForm("form", f.form), HandleBackup("backup", f.backup),
		remember[ListRequest](f, "list", []journal.Entry{{ID: 7, State: journal.Parked}}),
		remember[RetryRequest](f, "retry", []Settled{{ID: 1, Error: &Error{Code: "x", Message: "y"}}}),
		remember[ShowRequest](f, "show", View{}), remember[NoteRequest](f, "note", Nothing{})}
}

// serve runs a server on a fresh state folder until the test ends.
func serve(t *testing.T, f *fake) (*Client, string) {
	t.Helper()
	state := t.TempDir()
	l, err := Listen(state, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, f.handlers()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return NewClient(state), state
}

// An order comes as it was given, and its answer as it was made. Who gives it is what the system says.
func TestOrders(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s, err := Ask[Status](t.Context(), c, "status", Nothing{})
	if err != nil || s.Agency != "Bauamt" || s.Targets[0].Trouble.Code != "sql.login" {
		t.Fatal(s, err)
	}
	if list, err := Ask[[]journal.Entry](t.Context(), c, "list", ListRequest{State: journal.Parked, Since: since, Limit: 3}); err != nil || list[0].ID != 7 {
		t.Error(list, err)
	}
	if x, err := Ask[[]Settled](t.Context(), c, "retry", RetryRequest{IDs: []journal.ID{1}, Mapping: true, By: "somebody else"}); err != nil || x[0].Error.Code != "x" {
		t.Error(x, err)
	}
	by := f.got[2].(RetryRequest).By
	if by == "" || by == "somebody else" {
		t.Errorf("the caller said who it is: %q", by)
	}
	want := []any{"status", ListRequest{State: journal.Parked, Since: since, Limit: 3, By: by}, RetryRequest{IDs: []journal.ID{1}, Mapping: true, By: by}}
	if d := cmp.Diff(want, f.got); d != "" {
		t.Error(d)
	}
}

// What systems said in their own words is shown only to one who asks for it by name.
func TestShownWithoutSystemsWords(t *testing.T) {
	of := journal.View{Entry: journal.Entry{ID: 9}, Attachments: []journal.File{{Name: "a.pdf"}},
		Deliveries: []journal.DeliveryView{{Target: "register", Progress: journal.Held, Reason: &journal.Reason{Code: "sql.length", Raw: "secret"}}}}
	if v := ViewOf(of, false); v.ID != 9 || v.Deliveries[0].Code != "sql.length" || len(v.Attachments[0].Digest) != 64 || len(v.Raw) != 0 {
		t.Errorf("%+v", v)
	}
	if v := ViewOf(of, true); len(v.Raw) != 1 {
		t.Errorf("%+v", v)
	}
	if b := BatchesOf([]journal.Batch{{Seq: 3, Target: "mainframe", Members: []journal.ID{1, 2}}}); b[0].Members != 2 {
		t.Errorf("%+v", b)
	}
	w := WaitingOf([]journal.Outcome{{Source: "register", ResultID: "9", MatchKey: "CASE_NO=4\x1fYEAR=2026", Park: &journal.Reason{Code: "result.unknown-status", Text: "why", Raw: "secret"}}})
	if len(w) != 1 || w[0].Kind != KindParked || w[0].About != "CASE_NO=4, YEAR=2026" || w[0].Text != "why" || w[0].Code != "result.unknown-status" {
		t.Errorf("%+v", w)
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
		_, err := Ask[Status](context.Background(), c, "status", Nothing{})
		var e *Error
		if !errors.As(err, &e) || e.Code != x.code || e.Details != x.details || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotRunning(t *testing.T) {
	state := t.TempDir()
	if _, err := Ask[Status](context.Background(), NewClient(state), "status", Nothing{}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no socket: %v", err)
	}
	if _, err := Ask[Status](context.Background(), NewClient(filepath.Join(state, "no such folder")), "status", Nothing{}); !errors.Is(err, ErrNotRunning) {
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
	go func() { done <- l.Serve(ctx, f.handlers()) }()
	asked := make(chan error, 1)
	go func() {
		_, err := Ask[Status](context.Background(), NewClient(state), "status", Nothing{})
		asked <- err
	}()
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

// A note tells of what is done beside the agent, and of nothing else.
func TestNote(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	for action, want := range map[string]bool{"secret-set": true, "service-install.failed": true, "retry": false, "": false, "secret-set.failed.failed": false} {
		if _, err := Ask[Nothing](t.Context(), c, "note", NoteRequest{Action: action, Object: "register", By: "mallory"}); (err == nil) != want {
			t.Errorf("%q: %v", action, err)
		}
	}
}
