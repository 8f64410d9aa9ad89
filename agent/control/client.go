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

	"github.com/inbasket/inbasket/connectors"
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

// Ask gives an order whose request and answer are JSON.
func Ask[Answer any](ctx context.Context, c *Client, name string, request any) (answer Answer, err error) {
	b, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	return answer, c.send(ctx, name, "application/json", bytes.NewReader(b), &answer)
}

// Decide records a person's decision. The documents are opened one after the other and streamed.
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

// Form asks for what a citizen wrote and writes it to w, once it is known that it can be read.
func (c *Client) Form(ctx context.Context, r FormRequest, w func(Form) (io.Writer, error)) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	resp, err := c.ask(ctx, "form", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	f := Form{ContentType: resp.Header.Get("Content-Type"), Blob: connectors.Blob{Size: resp.ContentLength}}
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
		f.Name = params["filename"]
	}
	to, err := w(f)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, resp.Body); err != nil {
		return &Error{Code: CodeProtocol, Message: "the agent broke off; what was written is not whole", Hint: "ask again"}
	}
	return nil
}

// Backup streams a backup to w.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	resp, err := c.ask(ctx, "backup", "application/json", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return &Error{Code: CodeProtocol, Message: "the agent ended the backup before its end: " + err.Error(), Hint: "look at the agent's log, then repeat it"}
	}
	text := resp.Trailer.Get(errorTrailer)
	if text == "" {
		return nil
	}
	var e Error
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return errors.New("the agent ended the backup before its end")
	}
	return &e
}
