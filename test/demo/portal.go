package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// portal is a stand-in for a front office, written as its developer would from the API's description: it
// posts forms, follows events, fetches decisions with their documents, and receives webhooks.
type portal struct {
	*screen
	agent string // URL of the agent
	token string
	dir   string // fetched documents
	hooks *receiver
	l     net.Listener
	web   *http.Server

	mu        sync.Mutex
	cursor    string // how far it has read
	events    []event
	decisions map[string]decision // by reference
}

// event is one entry of the agent's event stream.
type event struct {
	ID         string `json:"id"`
	Cursor     string `json:"cursor"`
	Type       string `json:"type"`
	Submission string `json:"submission"`
	Reference  string `json:"reference"`
	Final      bool   `json:"final"`
	Data       struct {
		Outcome    string       `json:"outcome"`
		CaseNumber string       `json:"caseNumber"`
		Reason     string       `json:"reason"`
		Errors     []fieldError `json:"errors"`
	} `json:"data"`
}

type fieldError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// status is the agent's answer about one form.
type status struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	State     string `json:"state"`
	Decision  *struct {
		Outcome    string `json:"outcome"`
		CaseNumber string `json:"caseNumber"`
		Reason     string `json:"reason"`
	} `json:"decision"`
	Documents []document `json:"documents"`
}

type document struct {
	Name     string `json:"name"`
	Digest   string `json:"digest"`
	Location string `json:"location"`
}

// decision is what the portal knows of a decision, or what an office has decided.
type decision struct {
	outcome, caseNumber, reason string
	documents                   [][]byte
}

func newPortal(s *screen, token, secret, dir string) (*portal, error) {
	hooks, err := newReceiver(s, secret)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hook", hooks)
	return &portal{screen: s, token: token, dir: dir, hooks: hooks, l: l, decisions: map[string]decision{},
		web: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
}

func (p *portal) address() string { return p.l.Addr().String() }

func (p *portal) serve(context.Context) error {
	if err := p.web.Serve(p.l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (p *portal) close() error { return errors.Join(p.web.Close(), ignoreClosed(p.l.Close())) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// call sends one request to the agent and reads the whole answer.
func (p *portal) call(ctx context.Context, method, path string, body []byte, header map[string]string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.agent+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// get fetches one JSON answer.
func (p *portal) get(ctx context.Context, path string, into any, header map[string]string) (*http.Response, error) {
	resp, b, err := p.call(ctx, http.MethodGet, path, nil, header)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return resp, fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
	}
	return resp, json.Unmarshal(b, into)
}

// page reads the events after a cursor, waiting for one a few seconds.
func (p *portal) page(ctx context.Context, after string, wait bool) (events []event, next string, err error) {
	q := url.Values{"limit": {"5"}}
	if after != "" {
		q.Set("after", after)
	}
	header := map[string]string{}
	if wait {
		header["Prefer"] = "wait=5"
	}
	var out struct {
		Events []event `json:"events"`
		Next   string  `json:"next"`
	}
	_, err = p.get(ctx, "/v1/events?"+q.Encode(), &out, header)
	return out.Events, out.Next, err
}

// follow reads events as they come, deals with each, and acknowledges them.
func (p *portal) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		p.mu.Lock()
		after := p.cursor
		p.mu.Unlock()
		events, next, err := p.page(ctx, after, true)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := p.handle(ctx, e); err != nil {
				return err
			}
		}
		if len(events) > 0 {
			if err := p.acknowledge(ctx, next); err != nil {
				return err
			}
		}
		p.mu.Lock()
		p.cursor = next
		p.events = append(p.events, events...)
		p.mu.Unlock()
	}
	return nil
}

// acknowledge tells the agent that everything up to the cursor has been dealt with.
func (p *portal) acknowledge(ctx context.Context, cursor string) error {
	b, err := json.Marshal(map[string]string{"cursor": cursor})
	if err != nil {
		return err
	}
	resp, answer, err := p.call(ctx, http.MethodPut, "/v1/cursors/portal", b, map[string]string{"Content-Type": "application/json"})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("acknowledge: %s: %s", resp.Status, answer)
	}
	return nil
}

// handle shows one event, and fetches the decision that it tells of.
func (p *portal) handle(ctx context.Context, e event) error {
	switch e.Type {
	case "rejected":
		for _, x := range e.Data.Errors {
			p.say("portal", "event rejected   %s: %s at %s", e.Reference, x.Code, x.Pointer)
		}
	case "accepted":
		p.say("portal", "event accepted   %s: the agent has it, as submission %s", e.Reference, e.Submission)
	case "delivered":
		p.say("portal", "event delivered  %s: every legacy system has it", e.Reference)
	case "decided":
		return p.fetch(ctx, e)
	default:
		p.say("portal", "event %s  %s", e.Type, e.Reference)
	}
	return nil
}

// fetch gets a decision and its documents.
func (p *portal) fetch(ctx context.Context, e event) error {
	var s status
	if _, err := p.get(ctx, "/v1/submissions/"+e.Submission, &s, nil); err != nil {
		return err
	}
	if s.Decision == nil || s.Decision.Outcome != e.Data.Outcome || s.Reference != e.Reference {
		return fmt.Errorf("submission %s is decided by an event, but its status says otherwise: %+v", e.Submission, s)
	}
	d := decision{outcome: s.Decision.Outcome, caseNumber: s.Decision.CaseNumber, reason: s.Decision.Reason}
	text := fmt.Sprintf("event decided    %s: %s", e.Reference, d.outcome)
	if d.caseNumber != "" {
		text += ", case " + d.caseNumber
	}
	if d.reason != "" {
		text += ", " + d.reason
	}
	for _, doc := range s.Documents {
		b, err := p.download(ctx, doc)
		if err != nil {
			return err
		}
		d.documents = append(d.documents, b)
		name := e.Submission + "-" + filepath.Base(doc.Name)
		if err := os.WriteFile(filepath.Join(p.dir, name), b, 0o600); err != nil {
			return err
		}
		text += "; fetched portal/" + name + ", digest right"
	}
	p.say("portal", "%s", text)
	p.mu.Lock()
	p.decisions[e.Reference] = d
	p.mu.Unlock()
	return nil
}

// download fetches a document and compares it with both digests that it comes with.
func (p *portal) download(ctx context.Context, doc document) ([]byte, error) {
	resp, b, err := p.call(ctx, http.MethodGet, doc.Location, nil, nil)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	digest := base64.StdEncoding.EncodeToString(sum[:])
	if resp.StatusCode != http.StatusOK || doc.Digest != digest || resp.Header.Get("Repr-Digest") != "sha-256=:"+digest+":" {
		return nil, fmt.Errorf("document %s: %s, digest %s, told %s and %s", doc.Location, resp.Status, digest, doc.Digest, resp.Header.Get("Repr-Digest"))
	}
	return b, nil
}

// snapshot returns what has come so far.
func (p *portal) snapshot() (events []event, decisions map[string]decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	decisions = map[string]decision{}
	for k, v := range p.decisions {
		decisions[k] = v
	}
	return append([]event(nil), p.events...), decisions
}
