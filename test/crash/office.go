package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors/webhook"
)

// hookSecret signs the webhooks.
const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// event is one event as the front office reads it.
type event struct {
	ID         string `json:"id"`
	Cursor     string `json:"cursor"`
	Type       string `json:"type"`
	Submission string `json:"submission"`
	Reference  string `json:"reference"`
	Final      bool   `json:"final"`
}

// office is the front office: it receives webhooks, follows the events and acknowledges them.
type office struct {
	token  string
	addr   string // of its webhook
	agent  string // address of the agent's API
	server *http.Server

	mu     sync.Mutex
	pushed map[string]int // by event ID
	read   []event        // in the order in which they were read, page by page, across all kills
	wrong  []string
	quit   chan struct{}
	over   sync.WaitGroup
}

func newOffice(token string) (*office, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &office{token: token, addr: l.Addr().String(), pushed: map[string]int{}, quit: make(chan struct{})}
	o.server = &http.Server{Handler: http.HandlerFunc(o.receive), ReadHeaderTimeout: 5 * time.Second}
	o.over.Go(func() { _ = o.server.Serve(l) })
	return o, nil
}

// watch begins to follow the events of the agent at addr.
func (o *office) watch(addr string) {
	o.agent = addr
	o.over.Go(o.poll)
}

func (o *office) close() {
	if o != nil {
		close(o.quit)
		o.server.Close()
		o.over.Wait()
	}
}

// receive takes a webhook. Now and then the answer to the first attempt is lost, or says that it failed.
func (o *office) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the agent was killed while it sent
	}
	id := r.Header.Get("webhook-id")
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
	at, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
	o.mu.Lock()
	if r.Header.Get("webhook-signature") != webhook.Sign([][]byte{key}, id, at, body) {
		o.wrong = append(o.wrong, "webhook "+id+" has a wrong signature")
	}
	o.pushed[id]++
	first, nth := o.pushed[id] == 1, len(o.pushed)
	o.mu.Unlock()
	switch {
	case first && nth%40 == 0:
		w.WriteHeader(http.StatusInternalServerError)
	case first && nth%40 == 20:
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// has tells whether a webhook of the event came.
func (o *office) has(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushed[id] > 0
}

// poll follows the events from where it stopped, whatever happens to the agent, and acknowledges pages.
func (o *office) poll() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { <-o.quit; cancel() }()
	for after, pages := "", 0; ctx.Err() == nil; {
		page, next, err := o.page(ctx, after, 50)
		if err != nil || len(page) == 0 {
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		after = next
		o.mu.Lock()
		o.read = append(o.read, page...)
		o.mu.Unlock()
		if pages++; pages%3 == 0 {
			b, _ := json.Marshal(map[string]string{"cursor": after})
			_, _ = o.call(ctx, http.MethodPut, "/v1/cursors/main", b) // a later one covers it
		}
	}
}

// seen returns the events in the order in which they were read.
func (o *office) seen() []event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]event(nil), o.read...)
}

// complaints returns what the front office found wrong.
func (o *office) complaints() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.wrong...)
}

// follow reads all events from the beginning.
func (o *office) follow(ctx context.Context) ([]event, error) {
	var all []event
	for after := ""; ; {
		page, next, err := o.page(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), next
	}
}

func (o *office) page(ctx context.Context, after string, limit int) ([]event, string, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if after != "" {
		query.Set("after", after)
	}
	b, err := o.call(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	var page struct {
		Events []event `json:"events"`
		Next   string  `json:"next"`
	}
	if err := json.Unmarshal(b, &page); err != nil {
		return nil, "", err
	}
	return page.Events, page.Next, nil
}

func (o *office) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+o.agent+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, b)
		if resp.StatusCode < 500 {
			o.mu.Lock()
			o.wrong = append(o.wrong, err.Error())
			o.mu.Unlock()
		}
	}
	return b, err
}
