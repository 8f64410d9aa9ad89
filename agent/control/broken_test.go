package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// answering is a client of something that answers every order by these bytes and goes.
func answering(t *testing.T, answer string) *Client {
	t.Helper()
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return ClientOver(func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		running.Go(func() {
			defer there.Close()
			req, err := http.ReadRequest(bufio.NewReader(there))
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(there, answer)
		})
		return here, nil
	})
}

// What breaks off in the middle is never taken for done, whichever order it was.
func TestAgentBreaksOff(t *testing.T) {
	ask := map[string]func(c *Client) error{
		"order": func(c *Client) error { _, err := Ask[Status](t.Context(), c, "status", Nothing{}); return err },
		"decision": func(c *Client) error {
			_, err := c.Decide(t.Context(), DecideRequest{ID: 1}, []Upload{{Name: "a.pdf", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("pdf")), nil }}})
			return err
		},
		"form": func(c *Client) error {
			return c.Form(t.Context(), FormRequest{ID: 1}, func(Form) (io.Writer, error) { return io.Discard, nil })
		},
		"backup": func(c *Client) error { return c.Backup(t.Context(), io.Discard) },
	}
	for name, answer := range map[string]string{
		"nothing":            "",
		"a cut body":         "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":",
		"a cut stream":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
		"another program":    "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
		"no HTTP":            "SSH-2.0-OpenSSH\r\n",
		"an error no one is": "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
	} {
		for order, do := range ask {
			var told *Error
			if err := do(answering(t, answer)); !errors.As(err, &told) || told.Code != CodeProtocol || told.Hint == "" {
				t.Errorf("%s for an answer: %s: %v", name, order, err)
			}
		}
	}
}

// Why nobody answers tells what to do.
func TestNobodyAnswers(t *testing.T) {
	for want, why := range map[string]error{CodePermission: fs.ErrPermission, CodeNotRunning: syscall.ECONNREFUSED, CodeProtocol: syscall.EHOSTUNREACH} {
		c := ClientOver(func(context.Context) (net.Conn, error) { return nil, &net.OpError{Op: "dial", Err: why} })
		_, err := Ask[Status](t.Context(), c, "status", Nothing{})
		var told *Error
		if !errors.As(err, &told) || told.Code != want || told.Hint == "" {
			t.Errorf("%v: %v", why, err)
		}
		if errors.Is(err, ErrNotRunning) != (want == CodeNotRunning) || errors.Is(err, ErrPermission) != (want == CodePermission) {
			t.Errorf("%v cannot be told apart", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := ClientOver(func(ctx context.Context) (net.Conn, error) { return nil, ctx.Err() })
	if _, err := Ask[Status](ctx, c, "status", Nothing{}); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

// A document that cannot be opened, or breaks off, makes no decision.
func TestDecisionWithoutItsDocument(t *testing.T) {
	f := &fake{}
	c, _ := serve(t, f)
	for _, open := range []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return nil, fs.ErrNotExist },
		func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("%PDF"), errReader{})), nil
		},
	} {
		if _, err := c.Decide(t.Context(), DecideRequest{ID: 1}, []Upload{{Name: "a.pdf", ContentType: "application/pdf", Open: open}}); err == nil {
			t.Error("decided")
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.got) != 0 {
		t.Errorf("decided: %v", f.got)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("bad block") }

// Where the socket has no rights of its own, only who knows the key is let in; the name of who asks is then the caller's word.
func TestKey(t *testing.T) {
	f := &fake{}
	h := handler("secret", f.handlers())
	ask := func(key, user string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/retry", bytes.NewReader([]byte("{}")))
		r.Header.Set(keyHeader, key)
		r.Header.Set(userHeader, user)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, key := range []string{"", "other", "secret2"} {
		if w := ask(key, "anna"); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), CodePermission) {
			t.Errorf("%q: %d %s", key, w.Code, w.Body)
		}
	}
	for user, want := range map[string]string{"anna": "anna", "=?utf-8?q?J=C3=BCrgen?=": "Jürgen", "": "unknown", strings.Repeat("x", 101): "unknown"} {
		if w := ask("secret", user); w.Code != http.StatusOK {
			t.Fatal(w.Code, w.Body)
		}
		if by := f.got[len(f.got)-1].(RetryRequest).By; by != want {
			t.Errorf("%q is called %q", user, by)
		}
	}
}

// A form whose content cannot be opened is an error, and not an empty form.
func TestFormThatCannotBeRead(t *testing.T) {
	h := HandleForm("form", func(context.Context, FormRequest) (Form, error) {
		return Form{Blob: connectors.Blob{Size: 3, Open: func() (io.ReadCloser, error) {
			return nil, connectors.Errorf(connectors.TargetError, "content.unavailable", "read a file", "mend the disk", "bad block")
		}}}, nil
	})
	for body, want := range map[string]string{`{"id":"0000000000001"}`: "content.unavailable", `{"id":`: CodeProtocol} {
		w := httptest.NewRecorder()
		h.serve(w, httptest.NewRequest(http.MethodPost, "/form", strings.NewReader(body)))
		if w.Code < 400 || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "bad block") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
