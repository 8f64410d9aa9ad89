// Package webhook pushes events to front offices by HTTP, signed as Standard Webhooks 1.0.0 says
// (https://www.standardwebhooks.com). The payload is thin: it names the submission, and the front office
// fetches the rest over the API. Delivery is at least once; the receiver drops repeats by webhook-id.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// bodyLimit is how much of an answer is read, so that the connection can be used again; the rest is cut.
const bodyLimit = 16 << 10

// Definition returns the connector as configurations name it.
func Definition() connectors.Definition {
	return connectors.DefineFrontOffice("webhook", "Pushes signed events to a front office over HTTPS (Standard Webhooks).", Defaults, Open)
}

// Schedule returns the waits before each attempt, the first being the first attempt itself, as the
// example schedule of Standard Webhooks has them: ten attempts within about three days. The agent adds
// jitter, and honours Outcome.After when it is longer. After the last one the event is given up for
// push; it can still be polled.
func Schedule() []time.Duration {
	return []time.Duration{
		0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
}

// Office is one receiver. It is a connectors.FrontOffice.
type Office struct {
	url       string
	keys      [][]byte
	timeout   time.Duration
	env       connectors.Env
	client    *http.Client
	transport *http.Transport
	close     sync.Once
}

var (
	_ connectors.FrontOffice = (*Office)(nil)
	_ connectors.Patient     = (*Office)(nil)
)

// Open makes the receiver ready; it reads certificate files and connects to nothing.
func Open(env connectors.Env, c Config) (connectors.FrontOffice, error) {
	if err := c.Validate(); err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open webhook", Err: err}
	}
	keys, err := c.keys()
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open webhook", Err: err}
	}
	t, err := newTransport(env, c)
	if err != nil && c.files().Absent(env) != nil {
		t, err = newLateTransport(env, c)
	}
	if err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open webhook",
			Hint: "check tls.ca, tls.cert, tls.key and proxy", Err: err}
	}
	client := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Office{url: c.URL, keys: keys, timeout: c.Timeout, env: env, client: client, transport: t}, nil
}

// Publish sends the events in order. When one fails, later events of the same submission are not tried;
// when the receiver as a whole seems unwell, nothing more is. Classes: Written for 2xx; ItemError with
// CodeGone for 410; TargetError with CodeTLS or CodeAddress for what only a person can mend; Transient for the rest.
func (o *Office) Publish(ctx context.Context, events []connectors.Event) ([]connectors.Outcome, error) {
	var outcomes []connectors.Outcome
	failed := map[string]bool{}
	for _, e := range events {
		if failed[e.Submission] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return outcomes, err
		}
		out, stop := o.push(ctx, e)
		outcomes = append(outcomes, out)
		if out.Class != connectors.Written {
			failed[e.Submission] = true
		}
		if stop {
			break
		}
	}
	return outcomes, nil
}

// Check connects to the receiver and asks for nothing; any HTTP answer below 500 will do.
func (o *Office) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, o.url, nil)
	if err != nil {
		return &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "check webhook", Err: err}
	}
	resp, err := o.client.Do(req)
	if err != nil {
		out := failure("", err)
		return &connectors.Error{Class: out.Class, Code: out.Code, Op: "check webhook", Hint: out.Text, Err: err}
	}
	drain(resp)
	if resp.StatusCode >= 500 {
		return connectors.Errorf(connectors.Transient, CodeThrottled, "check webhook", "the receiver is unwell", "status %d", resp.StatusCode)
	}
	return nil
}

// Schedule returns the waits before each attempt.
func (o *Office) Schedule() []time.Duration { return Schedule() }

// Close ends idle connections.
func (o *Office) Close() error {
	o.close.Do(o.transport.CloseIdleConnections)
	return nil
}

// push sends one event; stop says that the receiver should be left alone for now.
func (o *Office) push(ctx context.Context, e connectors.Event) (out connectors.Outcome, stop bool) {
	body, err := payload(e)
	if err != nil || !validID(e.ID) {
		return connectors.Outcome{Key: e.ID, Class: connectors.ItemError, Code: CodeEvent, Text: "the event cannot be sent as it is"}, false
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return connectors.Outcome{Key: e.ID, Class: connectors.TargetError, Code: CodeConfig, Text: "the webhook's address is wrong"}, true
	}
	at := o.env.Clock.Now().Unix()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Inbasket")
	req.Header.Set("webhook-id", e.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at, 10))
	req.Header.Set("webhook-signature", Sign(o.keys, e.ID, at, body))
	resp, err := o.client.Do(req)
	if err != nil {
		return failure(e.ID, err), true
	}
	drain(resp)
	return o.answer(e.ID, resp)
}

// answer turns a status into an outcome.
func (o *Office) answer(id string, resp *http.Response) (out connectors.Outcome, stop bool) {
	s := resp.StatusCode
	out = connectors.Outcome{Key: id, Class: connectors.Transient, Code: CodeRefused, Text: fmt.Sprintf("the receiver answered %d", s)}
	switch {
	case s >= 200 && s < 300:
		return connectors.Outcome{Key: id, Class: connectors.Written}, false
	case s == http.StatusGone:
		out.Class, out.Code = connectors.ItemError, CodeGone
		return out, true
	case s >= 300 && s < 400:
		out.Code = CodeRedirect
		return out, true
	case s == http.StatusTooManyRequests, s == http.StatusBadGateway, s == http.StatusServiceUnavailable, s == http.StatusGatewayTimeout:
		out.Code = CodeThrottled
		out.After = retryAfter(resp.Header.Get("Retry-After"), o.env.Clock.Now())
		return out, true
	}
	out.After = retryAfter(resp.Header.Get("Retry-After"), o.env.Clock.Now())
	return out, false
}

// failure turns an error of the connection into an outcome. A repeat does no harm, so that what is
// unclear is simply tried again.
func failure(id string, err error) connectors.Outcome {
	out := connectors.Outcome{Key: id, Class: connectors.Transient, Code: CodeConnection, Text: "no connection to the receiver", Raw: err.Error()}
	var refused *addressError
	var netErr net.Error
	var missing *tlsfiles.AbsentError
	switch {
	case errors.As(err, &refused):
		out.Class, out.Code = connectors.TargetError, CodeAddress
		out.Text = "the receiver's name leads to an address that is not public; set allow-private if that is meant"
	case errors.As(err, &missing):
		out.Class, out.Code = connectors.TargetError, CodeTLSFile
		out.Text = "the files of tls cannot be read; mend them, the agent goes on by itself"
	case isTLS(err):
		out.Class, out.Code = connectors.TargetError, CodeTLS
		out.Text = "the receiver's certificate is not accepted; check tls.ca and the name in the address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		out.Code, out.Text = CodeTimeout, "the receiver did not answer in time"
	}
	return out
}

// retryAfter reads a Retry-After header, seconds or a date; nonsense is 0, more than a day is a day.
func retryAfter(h string, now time.Time) time.Duration {
	const most = 24 * time.Hour
	h = strings.TrimSpace(h)
	if h == "" {
		return 0
	}
	if n, err := strconv.ParseInt(h, 10, 64); err == nil {
		if n <= 0 {
			return 0
		}
		if n > int64(most/time.Second) {
			return most
		}
		return time.Duration(n) * time.Second
	}
	t, err := http.ParseTime(h)
	if err != nil || !t.After(now) {
		return 0
	}
	return min(t.Sub(now), most)
}

func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, bodyLimit)
	_ = resp.Body.Close()
}
