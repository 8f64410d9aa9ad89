package frontoffice

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(described{m}, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// testClock tells the real time, since deadlines of connections need it, but its waits end by hand.
type testClock struct {
	mu    sync.Mutex
	waits []chan time.Time
	asked chan struct{}
}

func newClock() *testClock { return &testClock{asked: make(chan struct{}, 100)} }

func (c *testClock) Now() time.Time { return time.Now() }

func (c *testClock) After(time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	c.waits = append(c.waits, ch)
	c.asked <- struct{}{}
	return ch
}

func (c *testClock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.waits {
		w <- time.Time{}
	}
	c.waits = nil
}

// fake is submitter, journal and content store in memory.
type fake struct {
	mu       sync.Mutex
	views    map[journal.ID]journal.View
	looks    int // at views
	docs     map[journal.ID][]journal.File
	stream   []journal.Event
	acks     map[string]int64
	waiting  map[string]chan struct{} // by what is waited for
	blobs    map[connectors.Digest][]byte
	incoming []Incoming
	submit   func(context.Context, string, Incoming) (Receipt, error)
	putErr   error
	epoch    int64
	posted   int64
	open     int64
	clear    int64
	broken   error // of every reading and acknowledging
}

func newFake() *fake {
	return &fake{views: map[journal.ID]journal.View{}, docs: map[journal.ID][]journal.File{}, acks: map[string]int64{},
		waiting: map[string]chan struct{}{}, blobs: map[connectors.Digest][]byte{}, epoch: 1}
}

func (f *fake) Submit(ctx context.Context, office string, in Incoming) (Receipt, error) {
	f.mu.Lock()
	f.incoming = append(f.incoming, in)
	hook := f.submit
	f.mu.Unlock()
	if hook != nil {
		return hook(ctx, office, in)
	}
	id := journal.ID(len(f.incoming)) << 30
	f.put(journal.View{Entry: journal.Entry{ID: id, Office: office, State: journal.Accepted, Reference: "R-1", At: time.Unix(0, 0), Changed: time.Unix(0, 0)}})
	return Receipt{ID: id, Verdict: connectors.Taken, State: journal.Accepted, Reference: "R-1"}, nil
}

func (f *fake) put(v journal.View) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.views[v.ID] = v
}

func (f *fake) emit(e journal.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.Seq = int64(len(f.stream) + 1)
	f.stream = append(f.stream, e)
	for _, key := range []string{e.ID.String(), e.Office} {
		if c := f.waiting[key]; c != nil {
			close(c)
			delete(f.waiting, key)
		}
	}
}

func (f *fake) looked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.looks
}

func (f *fake) Standing(_ context.Context, id journal.ID) (journal.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.looks++; f.broken != nil {
		return journal.View{}, f.broken
	}
	v, ok := f.views[id]
	if !ok {
		return v, journal.ErrNotFound
	}
	return v, nil
}

func (f *fake) EventsOf(_ context.Context, id journal.ID) (out []journal.Event, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, f.broken
	}
	for _, e := range f.stream {
		if e.ID == id {
			out = append(out, e)
		}
	}
	return out, nil
}

func (f *fake) Events(_ context.Context, office string, after int64, limit int) (out []journal.Event, next int64, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return nil, 0, f.broken
	}
	next = after
	for _, e := range f.stream {
		if e.Seq > after && e.Office == office && len(out) < limit {
			out = append(out, e)
			next = e.Seq
		}
	}
	return out, next, nil
}

func (f *fake) Documents(_ context.Context, id journal.ID) ([]journal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.docs[id], nil
}

func (f *fake) Watch(office string, id journal.ID) (news <-chan struct{}, stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := office
	if id != 0 {
		key = id.String()
	}
	if f.waiting[key] == nil {
		f.waiting[key] = make(chan struct{})
	}
	return f.waiting[key], func() {}
}

func (f *fake) Ack(_ context.Context, office, cursor string, seq int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acks[office+"/"+cursor] = max(seq, f.acks[office+"/"+cursor])
	return nil
}

func (f *fake) Cursor(_ context.Context, office, name string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return 0, f.broken
	}
	return f.acks[office+"/"+name], nil
}

func (f *fake) Put(_ context.Context, r io.Reader, limit int64) (connectors.Blob, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return connectors.Blob{}, err
	}
	if f.putErr != nil {
		return connectors.Blob{}, f.putErr
	}
	blob := connectors.BytesBlob(b)
	blob.Digest = sha256.Sum256(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blobs[blob.Digest] = b
	return blob, nil
}

// Positions of the fake are easy to read, and no numbers.
func (f *fake) Hide(seq int64) (name [16]byte) {
	copy(name[:], fmt.Sprintf("position %7d", seq))
	return name
}

func (f *fake) Reveal(name [16]byte) (seq int64, ok bool) {
	_, err := fmt.Sscanf(string(name[:]), "position %7d", &seq)
	return seq, err == nil
}

func (f *fake) Pseudonym(text string) (name [16]byte) {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

func (f *fake) Clear() int64 { return f.clear }

func (f *fake) Posted(context.Context, string, time.Time) (forms, bytes int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return 0, f.posted, nil
}

func (f *fake) OpenOf(context.Context, []string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open, nil
}

type seekable struct{ *bytes.Reader }

func (seekable) Close() error { return nil }

func (f *fake) Open(d connectors.Digest) (io.ReadSeekCloser, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.blobs[d]
	if !ok {
		return nil, errors.Join(errors.New("open"), fs.ErrNotExist)
	}
	return seekable{bytes.NewReader(b)}, nil
}

func (f *fake) document(id journal.ID, name, typ, content string) {
	blob, _ := f.Put(context.Background(), strings.NewReader(content), 0)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.docs[id] = append(f.docs[id], journal.File{Name: name, ContentType: typ, Digest: blob.Digest, Size: blob.Size})
}

// bench is an API over a fake, behind a real server.
type bench struct {
	*fake
	t      *testing.T
	api    *API
	clock  *testClock
	url    string
	token  string // of front office portal
	other  string // of front office harbour
	notice []connectors.Notice
}

func newBench(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	b := newUnserved(t, change)
	s, err := Listen(context.Background(), ListenConfig{Address: "127.0.0.1:0"}, b.api.Handler(), b.api.Stop, b.clock, b.api.notify)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve() }()
	b.url = "http://" + s.Addr()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

// newUnserved is newBench without a server.
func newUnserved(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, fake: newFake(), clock: newClock()}
	o := Options{Submitter: b.fake, Journal: b.fake, Content: b.fake, Clock: b.clock, Epoch: func() int64 { return b.epoch },
		Notify: func(n connectors.Notice) { b.mu.Lock(); defer b.mu.Unlock(); b.notice = append(b.notice, n) }}
	if change != nil {
		change(&o)
	}
	b.api = New(o)
	b.api.handler = observed(b.api.handler)
	var h1, h2 string
	b.token, h1 = NewToken()
	b.other, h2 = NewToken()
	if err := b.api.SetOffices([]Office{{Name: "portal", Tokens: []string{h1}}, {Name: "harbour", Tokens: []string{h2}}}); err != nil {
		t.Fatal(err)
	}
	return b
}

// do sends a request as portal; headers come as pairs.
func (b *bench) do(method, path, body string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(text)
}

// wantProblem checks an error answer.
func wantProblem(t *testing.T, resp *http.Response, body string, status int, code string) {
	t.Helper()
	if resp.StatusCode != status || !strings.Contains(body, `"code":"`+code+`"`) {
		t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, status, code)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q of a problem", ct)
	}
}
