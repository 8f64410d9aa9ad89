package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// event is one event as the front office reads it.
type event struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Submission string `json:"submission"`
	Reference  string `json:"reference"`
	Final      bool   `json:"final"`
}

// office is the front office: it receives webhooks and follows the events.
type office struct {
	token  string
	addr   string
	server *http.Server

	mu     sync.Mutex
	pushed map[string]int // by event ID
}

func newOffice(token string) (*office, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &office{token: token, addr: l.Addr().String(), pushed: map[string]int{}}
	o.server = &http.Server{Handler: http.HandlerFunc(o.receive), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = o.server.Serve(l) }()
	return o, nil
}

func (o *office) close() {
	if o != nil {
		o.server.Close()
	}
}

func (o *office) receive(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	o.mu.Lock()
	o.pushed[r.Header.Get("webhook-id")]++
	o.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// has tells whether a webhook of the event came.
func (o *office) has(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushed[id] > 0
}

// follow reads all events from the beginning.
func (o *office) follow(ctx context.Context, addr string) ([]event, error) {
	var all []event
	for after := ""; ; {
		var page struct {
			Events []event `json:"events"`
			Next   string  `json:"next"`
		}
		query := url.Values{"limit": {"100"}}
		if after != "" {
			query.Set("after", after)
		}
		if err := o.get(ctx, "http://"+addr+"/v1/events?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		if len(page.Events) == 0 {
			return all, nil
		}
		all, after = append(all, page.Events...), page.Next
	}
}

func (o *office) get(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", address, resp.Status, b)
	}
	return json.Unmarshal(b, into)
}
