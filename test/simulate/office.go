package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/connectors"
)

// portal is a front office: it posts forms, reads events, and may get them pushed.
type portal struct {
	w      *world
	name   string
	route  string
	token  string
	hash   string
	draws  *stream
	read   map[string]frontoffice.Event // by ID, from the stream of events
	pushed map[string]connectors.Event  // by ID; nil: it polls
}

func (w *world) newPortal(name, route string, pushed bool) *portal {
	o := &portal{w: w, name: name, route: route, draws: newStream(w.seed, name), read: map[string]frontoffice.Event{}}
	o.token, o.hash = frontoffice.NewToken()
	if pushed {
		o.pushed = map[string]connectors.Event{}
	}
	return o
}

// ask sends one request to the agent that runs now. In time of trouble the connection may break at any point.
func (o *portal) ask(method, path string, body []byte, header map[string]string) (int, []byte, error) {
	l := o.w.alive()
	if l == nil {
		return 0, nil, errUnreachable
	}
	patience := time.Minute
	if !o.w.calm.Load() && o.draws.one(o.w.trouble) {
		patience = o.draws.between(time.Microsecond, 40*time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+o.token)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return l.net.dial(ctx, agent.ListenerOffices)
	}}
	resp, err := t.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if l.dead() && err == nil {
		err = errDead
	}
	return resp.StatusCode, b, err
}

// post posts a form until it is answered for good.
func (o *portal) post(f *form) {
	for left := 30; left > 0 && !o.w.over.Load(); {
		if o.w.calm.Load() {
			left--
		}
		status, b, err := o.ask(http.MethodPost, "/v1/submissions?route="+o.route, f.bytes,
			map[string]string{"Content-Type": "application/json", "Idempotency-Key": fmt.Sprintf("%q", f.key())})
		if err == nil {
			o.w.say("%s: posted %s: %d", o.name, f.label(), status)
		}
		switch {
		case err != nil || status >= 500 || status == http.StatusTooManyRequests || status == http.StatusConflict && bytes.Contains(b, []byte(frontoffice.CodeInProgress)):
			time.Sleep(o.draws.between(time.Second, 2*time.Minute))
			continue
		case status == http.StatusAccepted:
			var a frontoffice.Accepted
			if err := json.Unmarshal(b, &a); err != nil {
				o.w.fail(agreement, "an answer that is no JSON: %v", err)
			}
			o.w.acknowledged(f, a.ID)
		default:
			o.w.mu.Lock()
			f.refused = status
			o.w.mu.Unlock()
		}
		return
	}
	o.w.fail(owner, "%s could not be posted within many hours", f.label())
}

// follow reads the stream of events until the world ends.
func (o *portal) follow() {
	after := ""
	for !o.w.over.Load() {
		header := map[string]string{}
		if o.draws.one(2) {
			header["Prefer"] = "wait=30"
		}
		status, b, err := o.ask(http.MethodGet, "/v1/events?limit=7&after="+after, nil, header)
		var page frontoffice.Events
		switch {
		case err != nil:
		case status == http.StatusGone: // the journal was restored
			after = ""
		case status == http.StatusOK && json.Unmarshal(b, &page) == nil:
			o.w.mu.Lock()
			for _, e := range page.Events {
				if o.w.breaks(skipEvent) && o.w.once() {
					continue
				}
				o.read[e.ID] = e
			}
			o.w.mu.Unlock()
			after = page.Next
			if len(page.Events) == 7 {
				continue
			}
		}
		time.Sleep(o.draws.between(10*time.Second, 10*time.Minute))
	}
}

// history reads what the agent says of one submission.
func (o *portal) history(id string) (list []frontoffice.Event, status int) {
	for range 10 {
		status, b, err := o.ask(http.MethodGet, "/v1/submissions/"+id+"/events", nil, nil)
		if err != nil || status >= 500 {
			time.Sleep(time.Second)
			continue
		}
		var page frontoffice.Events
		_ = json.Unmarshal(b, &page) // of an error nothing is read
		if n := len(page.Events); n > 0 && o.w.breaks(doubleEnd) {
			page.Events = append(page.Events, page.Events[n-1])
		}
		return page.Events, status
	}
	return nil, 0
}

// pushTarget pushes events to a portal.
type pushTarget struct {
	part
	to *portal
}

func (t *pushTarget) Publish(ctx context.Context, events []connectors.Event) (out []connectors.Outcome, err error) {
	err = t.call(ctx, "push", func() error {
		for _, e := range events {
			if !t.w.breaks(skipPush) || !t.w.once() {
				t.to.pushed[e.ID] = e
			}
			out = append(out, connectors.Outcome{Key: e.ID, Class: connectors.Written})
		}
		return nil
	}, refuse, cutBefore, cutAfter, hang, hangAfter, dieBefore, dieAfter, collapse)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (t *pushTarget) Check(context.Context) error { return nil }
func (t *pushTarget) Close() error                { return nil }
