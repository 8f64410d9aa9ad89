package smtp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// script is a mail server that answers as it is told. An answer of - cuts the connection.
type script struct {
	addr    string
	answers map[string]string // by the command's first word, GREETING and END (of a mail); a command not named gets 250
	mu      sync.Mutex
	said    []string
	mails   int
}

func serve(t *testing.T, answers map[string]string) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{addr: l.Addr().String(), answers: answers}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.session(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return s
}

func (s *script) session(conn net.Conn) {
	defer conn.Close()
	text := textproto.NewConn(conn)
	answer := func(word, otherwise string) bool {
		a, ok := s.answers[word]
		if !ok {
			a = otherwise
		}
		return a != "-" && text.PrintfLine("%s", a) == nil && !strings.HasPrefix(a, "421")
	}
	if !answer("GREETING", "220 mail.example.test") {
		return
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said = append(s.said, line)
		s.mu.Unlock()
		word, _, _ := strings.Cut(strings.ToUpper(line), " ")
		otherwise := "250 ok"
		if word == "DATA" {
			otherwise = "354 go on"
		}
		if !answer(word, otherwise) {
			return
		}
		if a := s.answers["DATA"]; word == "DATA" && (a == "" || a[0] == '3') {
			if _, err := text.ReadDotBytes(); err != nil {
				return
			}
			s.mu.Lock()
			s.mails++
			s.mu.Unlock()
			if !answer("END", "250 taken") {
				return
			}
		}
	}
}

// got returns how many mails came, and what was said.
func (s *script) got() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails, strings.Join(s.said, "\n")
}

func env(t *testing.T) connectors.Env {
	return connectors.Env{Name: "clerk", Dir: t.TempDir(), Clock: clock.NewFast(1), Notify: func(connectors.Notice) {}}
}

func plain(addr string) Config {
	c := Defaults()
	c.Address, c.From, c.To, c.TLS.Mode, c.Timeout = addr, "forms@agency.example", []string{"a@agency.example", "b@agency.example"}, "none", 10*time.Second
	return c
}

func delivery(key string) connectors.Delivery {
	return connectors.Delivery{Key: key, Submission: "S" + key, Files: []connectors.File{{Name: "form.xml", Blob: connectors.BytesBlob([]byte("<form/>"))}}}
}

// deliver sends two mails and returns their outcomes.
func deliver(t *testing.T, e connectors.Env, c Config) [2]connectors.Outcome {
	t.Helper()
	target, err := Open(e, c)
	if err != nil {
		t.Fatal(err)
	}
	out, err := target.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{delivery("1"), delivery("2")}})
	if err != nil || len(out) != 2 {
		t.Fatalf("%v, %v", out, err)
	}
	return [2]connectors.Outcome(out)
}

// TestReplies holds a server's replies against what the agent makes of the first and of the second mail.
func TestReplies(t *testing.T) {
	const written = connectors.Written
	type end struct {
		class connectors.Class
		code  string
	}
	ok, cut := end{written, ""}, end{connectors.Transient, CodeConnection}
	busy, unclear := end{connectors.Transient, CodeBusy}, end{connectors.Uncertain, CodeUnclear}
	for name, test := range map[string]struct {
		word, answer  string
		first, second end
		mails         int
	}{
		"all well":                       {"", "", ok, ok, 2},
		"another 2xx at the end":         {"END", "251 taken, somehow", ok, ok, 2},
		"not now":                        {"GREETING", "421 too many connections", busy, busy, 0},
		"not you":                        {"GREETING", "554 no service", end{connectors.TargetError, CodeRefused}, end{connectors.TargetError, CodeRefused}, 0},
		"cut at the greeting":            {"GREETING", "-", cut, cut, 0},
		"no EHLO":                        {"EHLO", "502 what", ok, ok, 2},
		"sender later":                   {"MAIL", "451 later", busy, busy, 0},
		"sender refused":                 {"MAIL", "550 no", end{connectors.TargetError, CodeSender}, end{connectors.TargetError, CodeSender}, 0},
		"sender with so much":            {"MAIL", "552 5.3.4 too large", end{connectors.ItemError, CodeTooLarge}, end{connectors.ItemError, CodeTooLarge}, 0},
		"greylisted":                     {"RCPT", "450 come again", busy, busy, 0},
		"recipient unknown":              {"RCPT", "550 5.1.1 who", end{connectors.TargetError, CodeRecipient}, end{connectors.TargetError, CodeRecipient}, 0},
		"DATA refused":                   {"DATA", "554 no", end{connectors.ItemError, CodeRejected}, end{connectors.ItemError, CodeRejected}, 0},
		"cut at DATA":                    {"DATA", "-", cut, cut, 0},
		"goes away at DATA":              {"DATA", "421 bye", busy, cut, 0},
		"too large in the end":           {"END", "552 too large", end{connectors.ItemError, CodeTooLarge}, end{connectors.ItemError, CodeTooLarge}, 2},
		"mailbox full":                   {"END", "552 5.2.2 full", end{connectors.TargetError, CodeRecipient}, end{connectors.TargetError, CodeRecipient}, 2},
		"refused for what it holds":      {"END", "554 5.7.1 virus", end{connectors.ItemError, CodeRejected}, end{connectors.ItemError, CodeRejected}, 2},
		"later, in the end":              {"END", "451 disk", busy, busy, 2},
		"goes away at the end, and says": {"END", "421 bye", busy, cut, 1},
		"cut at the end":                 {"END", "-", unclear, cut, 1},
		"nonsense at the end":            {"END", "what", unclear, cut, 1},
		"no answer to the end":           {"END", "354 go on", unclear, cut, 1},
		"no class at the end":            {"END", "999 done", unclear, cut, 1},
		"content not asked for":          {"DATA", "250 ok", cut, cut, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, map[string]string{test.word: test.answer})
			out := deliver(t, env(t), plain(s.addr))
			for i, want := range []end{test.first, test.second} {
				if got := (end{out[i].Class, out[i].Code}); got != want {
					t.Errorf("mail %d is %v, want %v: %s", i+1, got, want, out[i].Text)
				}
				if out[i].Class == connectors.Uncertain && !strings.Contains(out[i].Text, "@agency.example") {
					t.Errorf("nobody can look for it: %s", out[i].Text)
				}
			}
			if n, _ := s.got(); n != test.mails {
				t.Errorf("%d mails came, want %d", n, test.mails)
			}
		})
	}
}

// TestLimits asks for the server's limit before anything is sent, and for reports that name the delivery.
func TestLimits(t *testing.T) {
	s := serve(t, map[string]string{"EHLO": "250-mail.example.test\r\n250-DSN\r\n250 SIZE 1000"})
	if out := deliver(t, env(t), plain(s.addr)); out[0].Code != CodeTooLarge || out[1].Class != connectors.ItemError {
		t.Errorf("%v", out)
	}
	if n, _ := s.got(); n != 0 {
		t.Errorf("%d mails", n)
	}
	s = serve(t, map[string]string{"EHLO": "250-mail.example.test\r\n250-DSN\r\n250 SIZE 0"})
	if out := deliver(t, env(t), plain(s.addr)); out[0].Class != connectors.Written {
		t.Errorf("%v", out)
	}
	_, said := s.got()
	for _, want := range []string{"RET=HDRS ENVID=1", "RCPT TO:<b@agency.example> NOTIFY=FAILURE,DELAY"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in\n%s", want, said)
		}
	}
}

// TestEncryption is Postfix with STARTTLS.
func TestEncryption(t *testing.T) {
	s := servers.Postfix(t)
	c := plain(s.Addr)
	c.To, c.TLS.Mode, c.TLS.CA, c.TLS.ServerName = []string{s.To}, "starttls", s.CAFile, "localhost"
	if out := deliver(t, env(t), c); out[0].Class != connectors.Written || out[1].Class != connectors.Written {
		t.Errorf("%v", out)
	}
	target, err := Open(env(t), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if mails, err := s.Received(); len(mails) != 2 || err != nil || !strings.Contains(mails[0], "with ESMTPS") && !strings.Contains(mails[0], "TLSv1") {
		t.Errorf("%d mails, %v", len(mails), err)
	}
	peers := c.Surroundings(env(t), "smtp").Peers
	conn, err := net.Dial("tcp", peers[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := errors.Join(peers[0].Greet(conn), tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()); err != nil {
		t.Error(err)
	}
	stranger, absent := c, c
	stranger.TLS.CA, absent.TLS.CA = "", filepath.Join(t.TempDir(), "ca.pem")
	naked := plain(serve(t, nil).addr)
	naked.TLS.Mode = "starttls"
	for code, c := range map[string]Config{CodeTLS: stranger, CodeTLSFile: absent, CodeNoTLS: naked} {
		if out := deliver(t, env(t), c); out[0].Class != connectors.TargetError || out[0].Code != code || out[1].Code != code {
			t.Errorf("want %s: %v", code, out)
		}
	}
}

// TestLogin logs in over TLS, reads a password again that was changed, and says so when it is wrong.
func TestLogin(t *testing.T) {
	cert, ca := certificate(t)
	s := login(t, cert, "new")
	c := plain(s)
	c.TLS.Mode, c.TLS.CA, c.User, c.Password = "implicit", ca, "inbasket", "old"
	e := env(t)
	if out := deliver(t, e, c); out[0].Code != CodeLogin || out[0].Class != connectors.TargetError {
		t.Errorf("%v", out)
	}
	e.Secret = func(connectors.Secret) (connectors.Secret, error) { return "new", nil }
	if out := deliver(t, e, c); out[0].Class != connectors.Written || out[1].Class != connectors.Written {
		t.Errorf("%v", out)
	}
}

// TestContent sends nothing when a file has become another, or cannot be read.
func TestContent(t *testing.T) {
	s := serve(t, nil)
	target, err := Open(env(t), plain(s.addr))
	if err != nil {
		t.Fatal(err)
	}
	other := delivery("1")
	other.Files[0].Blob.Digest = connectors.Digest{1}
	gone := delivery("2")
	gone.Files[0].Blob.Open = func() (io.ReadCloser, error) { return nil, os.ErrNotExist }
	for _, d := range []connectors.Delivery{other, gone} {
		out, err := target.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{d}})
		if err != nil || out[0].Class != connectors.TargetError || out[0].Code != CodeContent {
			t.Errorf("%v, %v", out, err)
		}
	}
	if n, _ := s.got(); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// TestMessage is read by another program's eyes: names, texts and identity.
func TestMessage(t *testing.T) {
	c := plain("x:1")
	c.Subject, c.Text = "Bauantrag {id}: {file} – Prüfung", "Guten Tag,\n{id} liegt an.\n"
	l := letters(connectors.Group{Items: []connectors.Delivery{delivery("k/t")}})[0]
	var b, again bytes.Buffer
	now := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	if err := errors.Join(l.write(&b, &c, now), l.write(&again, &c, now.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if size := l.size(&c); int64(b.Len()) > size {
		t.Errorf("%d bytes, announced as %d", b.Len(), size)
	}
	r, err := mail.CreateReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	second, err := mail.CreateReader(&again)
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := r.Header.Subject()
	id, _ := r.Header.MessageID()
	idAgain, _ := second.Header.MessageID()
	if subject != "Bauantrag Sk/t: form.xml – Prüfung" || id == "" || id != idAgain || !strings.HasSuffix(id, "@agency.example") || r.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%q %q %q", subject, id, idAgain)
	}
	target, err := Open(env(t), c)
	if err != nil {
		t.Fatal(err)
	}
	found, err := target.Lookup(t.Context(), connectors.Group{Items: []connectors.Delivery{delivery("k/t")}})
	if err != nil || found[0].Presence != connectors.Unknown || !strings.HasSuffix(found[0].Where, id) {
		t.Errorf("%v, %v: %q is not named", found, err, id)
	}
	part, err := r.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(part.Body); string(text) != "Guten Tag,\r\nSk/t liegt an.\r\n" {
		t.Errorf("%q", text)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"":                     func(*Config) {},
		"address":              func(c *Config) { c.Address = "" },
		"to is missing":        func(c *Config) { c.To = nil },
		"not a mail address":   func(c *Config) { c.To = []string{"Clerk <a@b.example>"} },
		"from":                 func(c *Config) { c.From = "bürgeramt@agency.example" },
		"line break":           func(c *Config) { c.Subject = "a\r\nBcc: x@y.example" },
		"in the clear":         func(c *Config) { c.User, c.Password = "u", "p" },
		"go together":          func(c *Config) { c.User, c.TLS.Mode = "u", "implicit" },
		"tls.mode":             func(c *Config) { c.TLS.Mode = "explicit" },
		"timeout must be":      func(c *Config) { c.Timeout = 0 },
		"tls.cert and tls.key": func(c *Config) { c.TLS.Cert = "x.pem" },
	} {
		c := plain("mail.agency.example")
		change(&c)
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	for address, want := range map[string]string{"m.example": "m.example:587", "m.example:25": "m.example:25", "[::1]": "[::1]:587"} {
		if c := plain(address); c.server() != want {
			t.Errorf("%s is %s", address, c.server())
		}
	}
}
