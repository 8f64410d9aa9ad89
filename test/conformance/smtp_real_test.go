package conformance

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/smtp"
	"github.com/inbasket/inbasket/test/servers"
)

// TestSMTP is Postfix, over a line that can be cut.
func TestSMTP(t *testing.T) {
	s := servers.Postfix(t)
	TestOneWay(t, func(t testing.TB) OneWay {
		p := NewProxy(t, s.Addr)
		before, err := s.Received() // by the tests before
		check(t, err)
		c := smtp.Defaults()
		c.Address, c.From, c.To, c.TLS.Mode = p.Addr, "forms@agency.example.test", []string{s.To}, "none"
		return OneWay{
			Open: func() connectors.Target {
				o, err := smtp.Open(env(t), c)
				check(t, err)
				return o
			},
			Received: func() (all []map[string]string) {
				mails, err := s.Received()
				check(t, err)
				for _, m := range mails {
					if !slices.Contains(before, m) {
						all = append(all, filesOf(t, m))
					}
				}
				return all
			},
			Refused: drop("too-large.bin", strings.Repeat("x", 6<<20)),
			Proxy:   p, Begin: "RCPT TO", Last: "\r\n.\r\n",
		}
	})
}

// filesOf reads a mail as a program of the agency would.
func filesOf(t testing.TB, text string) map[string]string {
	t.Helper()
	r, err := mail.CreateReader(strings.NewReader(text))
	check(t, err)
	files := map[string]string{}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return files
		}
		check(t, err)
		h, ok := part.Header.(*mail.AttachmentHeader)
		if !ok {
			continue
		}
		name, err := h.Filename()
		check(t, err)
		b, err := io.ReadAll(part.Body)
		check(t, err)
		files[name] = string(b)
	}
}
