package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"os/user"
	"strings"
	"syscall"

	"github.com/inbasket/inbasket/agent/journal"
)

// Client gives orders to the agent that runs on a state folder.
type Client struct {
	http *http.Client
	key  func() (string, error) // read for each order; an agent that starts anew has another one
}

// NewClient makes a client; it connects with the first order.
func NewClient(state string) *Client {
	c := ClientOver(func(ctx context.Context) (net.Conn, error) { return dial(ctx, state) })
	c.key = func() (string, error) { return readKey(state) }
	return c
}

// ClientOver makes a client of a Server made by Over.
func ClientOver(dial func(context.Context) (net.Conn, error)) *Client {
	t := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
		Proxy:             nil,
	}
	return &Client{http: &http.Client{Transport: t}, key: func() (string, error) { return "", nil }}
}

// Status asks how the agent stands.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.post(ctx, "status", struct{}{}, &s)
}

// List asks for submissions.
func (c *Client) List(ctx context.Context, f journal.Filter) (list []journal.Entry, err error) {
	return list, c.post(ctx, "list", listRequest(f), &list)
}

// Show asks for everything about one submission; with raw also for what systems said in their own words.
func (c *Client) Show(ctx context.Context, id journal.ID, raw bool) (v View, err error) {
	return v, c.post(ctx, "show", showRequest{id, raw}, &v)
}

// Batches asks for the sealed batches of a target; of all targets when it is empty.
func (c *Client) Batches(ctx context.Context, target string, openOnly bool) (list []Batch, err error) {
	return list, c.post(ctx, "batches", batchesRequest{target, openOnly}, &list)
}

// Retry orders what Clerk.Retry does.
func (c *Client) Retry(ctx context.Context, r RetryRequest) (list []Settled, err error) {
	return list, c.post(ctx, "retry", r, &list)
}

// Release orders what Clerk.Release does.
func (c *Client) Release(ctx context.Context, r ReleaseRequest) (list []Settled, err error) {
	return list, c.post(ctx, "release", r, &list)
}

// Confirm orders what Clerk.Confirm does.
func (c *Client) Confirm(ctx context.Context, r ConfirmRequest) (s Settled, err error) {
	return s, c.post(ctx, "confirm", r, &s)
}

// Reject orders what Clerk.Reject does.
func (c *Client) Reject(ctx context.Context, r RejectRequest) (s Settled, err error) {
	return s, c.post(ctx, "reject", r, &s)
}

// Pause orders what Keeper.Pause does.
func (c *Client) Pause(ctx context.Context, r PauseRequest) error {
	return c.post(ctx, "pause", r, &struct{}{})
}

// Redeliver orders what Keeper.Redeliver does.
func (c *Client) Redeliver(ctx context.Context, r RedeliverRequest) (x RedeliverReport, err error) {
	return x, c.post(ctx, "redeliver", r, &x)
}

// Void orders what Keeper.Void does.
func (c *Client) Void(ctx context.Context, r VoidRequest) error {
	return c.post(ctx, "void", r, &struct{}{})
}

// Reload orders what Keeper.Reload does.
func (c *Client) Reload(ctx context.Context, r ReloadRequest) (x ReloadReport, err error) {
	return x, c.post(ctx, "reload", r, &x)
}

// Decide orders what Clerk.Decide does. The documents are opened one after the other and streamed.
func (c *Client) Decide(ctx context.Context, r DecideRequest, docs []Upload) (s Settled, err error) {
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(writeDecision(form, r, docs)) }()
	err = c.send(ctx, "decide", form.FormDataContentType(), body, &s)
	_ = body.Close() // ends the writer when the agent answered before it read everything
	return s, err
}

// Upload is a document on its way to the agent.
type Upload struct {
	Name        string
	ContentType string
	Open        func() (io.ReadCloser, error)
}

func writeDecision(form *multipart.Writer, r DecideRequest, docs []Upload) error {
	part, err := form.CreateFormField("decision")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(part).Encode(r); err != nil {
		return err
	}
	for _, d := range docs {
		if err := writeDocument(form, d); err != nil {
			return err
		}
	}
	return form.Close()
}

func writeDocument(form *multipart.Writer, d Upload) error {
	f, err := d.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition("document", d.Name))
	h.Set("Content-Type", d.ContentType)
	part, err := form.CreatePart(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(part, f)
	return err
}

func (c *Client) post(ctx context.Context, name string, request, answer any) error {
	b, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return c.send(ctx, name, "application/json", bytes.NewReader(b), answer)
}

func (c *Client) send(ctx context.Context, name, contentType string, body io.Reader, answer any) error {
	resp, err := c.ask(ctx, name, contentType, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return &Error{Code: CodeProtocol, Message: "the agent broke off", Hint: "look by status what became of the order"}
	}
	return nil
}

// ask sends an order and returns the answer of one that was carried out, for the caller to read and close.
func (c *Client) ask(ctx context.Context, name, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://inbasket/"+name, body)
	if err != nil {
		return nil, err
	}
	key, err := c.key()
	if err != nil {
		return nil, connectError(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set(keyHeader, key)
	if u, err := user.Current(); err == nil {
		req.Header.Set(userHeader, mime.QEncoding.Encode("utf-8", u.Username))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, connectError(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &Error{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(e); err != nil || e.Code == "" {
		return nil, &Error{Code: CodeProtocol, Message: "the agent did not understand the order", Hint: "command and agent must be of one version"}
	}
	return nil, e
}

// connectError says why nobody answered.
func connectError(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &Error{Code: CodePermission, Message: "this account may not give orders to the agent", Hint: "use the agent's own account or root, or have control.group set to a group of yours"}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Code: CodeNotRunning, Message: "no agent is running here", Hint: "start it by: inbasket run"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return &Error{Code: CodeProtocol, Message: "the agent cannot be reached: " + text, Hint: "look by status what became of the order"}
}
