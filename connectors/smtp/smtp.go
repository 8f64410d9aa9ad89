// Package smtp sends forms as mails to a clerk, or to an old system that reads a mailbox. A mail cannot be asked for once it is
// handed over: where the server's last answer was lost the agent does not guess, a person looks.
package smtp

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/inbasket/inbasket/connectors"
)

// Definition returns the connector as configurations name it.
func Definition() connectors.Definition {
	return connectors.DefineTarget("smtp", "Sends each form, or each batch, as a mail with its files attached.", Defaults,
		func(e connectors.Env, c Config) (connectors.Target, error) { return Open(e, c) })
}

// Target is a mail server with the recipients behind it. It is a connectors.Target.
type Target struct {
	env    connectors.Env
	config Config
}

// Open makes the target ready; it does no I/O.
func Open(e connectors.Env, c Config) (*Target, error) {
	if err := c.Validate(); err != nil {
		return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open mail target", Err: err}
	}
	return &Target{e, c}, nil
}

// Abilities tell that mails take any bytes, and that nobody can be asked for them.
func (t *Target) Abilities() connectors.Abilities {
	return connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, Guarantee: connectors.Guarantee{Level: "parks-when-unclear",
		Why: "a mail cannot be looked up: where the server's answer to it was lost, a person looks for its Message-ID; a mail that the server has taken may still come back to the sender's address"}}
}

// Deliver sends a mail for each delivery, or one for the batch. Every recipient gets it, or nobody.
func (t *Target) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	var outcomes []connectors.Outcome
	s, failed := t.connect(ctx)
	for _, l := range letters(g) {
		out := connectors.Outcome{Class: connectors.Written}
		if failed != nil {
			out = outcomeOf(failed)
		} else if unusable, err := s.send(l); err != nil {
			if out = outcomeOf(err); unusable { // what comes behind it was not tried
				failed = &connectors.Error{Class: connectors.Transient, Code: CodeConnection, Op: "send a mail"}
			}
		}
		for _, key := range l.keys {
			out.Key = key
			outcomes = append(outcomes, out)
		}
	}
	if s != nil {
		s.close(failed == nil)
	}
	return outcomes, nil
}

func outcomeOf(e *connectors.Error) connectors.Outcome {
	o := connectors.Outcome{Class: e.Class, Code: e.Code, Text: e.Op}
	if e.Hint != "" {
		o.Text += " (" + e.Hint + ")"
	}
	if e.Err != nil {
		o.Raw = e.Err.Error()
	}
	return o
}

// Lookup cannot tell of any; it says by what a person finds it.
func (t *Target) Lookup(_ context.Context, g connectors.Group) ([]connectors.Found, error) {
	found := make([]connectors.Found, len(g.Items))
	for i, d := range g.Items {
		found[i] = connectors.Found{Key: d.Key, Where: "the Message-ID " + letter{key: d.Key}.messageID(t.config.From)}
	}
	return found, nil
}

// Check logs in, names sender and recipients, and takes it back.
func (t *Target) Check(ctx context.Context) error {
	s, err := t.connect(ctx)
	if err == nil {
		err = s.address(0, "")
		s.close(err == nil)
	}
	if err != nil {
		return err
	}
	return nil
}

// Close has nothing to release: a connection ends with the call that it was made for.
func (t *Target) Close() error { return nil }

// session is one connection.
type session struct {
	*smtp.Client
	target *Target
	quiet  func() bool // ends the watch over the call's context
}

func (s *session) close(polite bool) {
	s.quiet()
	if !polite || s.Quit() != nil {
		_ = s.Client.Close() // it is gone already
	}
}

// connect returns a session that is logged in.
func (t *Target) connect(ctx context.Context) (*session, *connectors.Error) {
	for again := true; ; again = false {
		s, failed := t.greeted(ctx)
		if failed != nil || t.config.User == "" {
			return s, failed
		}
		err := s.Auth(sasl.NewPlainClient("", t.config.User, string(t.config.Password)))
		if err == nil {
			return s, nil
		}
		s.close(false)
		failed = failure("log in to the mail server", err, CodeLogin)
		password, other := t.env.Reread(t.config.Password) // they are changed while the agent runs
		if failed.Code != CodeLogin || !again || !other {
			return nil, failed
		}
		t.config.Password = password
	}
}

// greeted connects, and encrypts as the configuration says.
func (t *Target) greeted(ctx context.Context) (*session, *connectors.Error) {
	c := &t.config
	const op = "connect to the mail server"
	var conf *tls.Config
	if c.TLS.Mode != "none" {
		var err error
		if conf, err = c.TLS.Load(t.env, nil); err != nil {
			return nil, failure(op, err, CodeConfig)
		}
		conf.ServerName = c.serverName()
		t.env.WatchTLS(conf)
	}
	dial, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dial, "tcp", c.server())
	if err != nil {
		return nil, failure(op, err, CodeConnection)
	}
	s := &session{target: t, quiet: context.AfterFunc(ctx, func() { _ = raw.Close() })}
	early := context.AfterFunc(dial, func() { _ = raw.Close() })
	refused := CodeRefused
	switch c.TLS.Mode {
	case "starttls":
		if s.Client, err = smtp.NewClientStartTLS(raw, conf); err != nil {
			refused = CodeNoTLS
		}
	case "implicit":
		s.Client = smtp.NewClient(tls.Client(raw, conf))
	default:
		s.Client = smtp.NewClient(raw)
	}
	if err == nil {
		s.CommandTimeout, s.SubmissionTimeout = c.Timeout, c.Timeout
		err = s.Hello(c.Hello)
	}
	if early(); err != nil {
		s.quiet()
		_ = raw.Close()
		return nil, failure(op, err, refused)
	}
	return s, nil
}

// send hands one mail over; unusable tells that nothing more can be sent over this connection.
func (s *session) send(l letter) (unusable bool, err *connectors.Error) {
	const op = "send a mail"
	c, size := &s.target.config, l.size(&s.target.config)
	if most, ok := s.MaxMessageSize(); ok && most > 0 && int64(most) < size {
		return false, &connectors.Error{Class: connectors.ItemError, Code: CodeTooLarge, Op: op}
	}
	if err := s.address(size, l.key); err != nil {
		return broken(err) || s.Reset() != nil, err
	}
	w, raw := s.Data()
	if raw != nil {
		return broken(raw) || s.Reset() != nil, failure(op, raw, CodeRejected)
	}
	if raw = l.write(w, c, s.target.env.Clock.Now()); raw != nil { // without the dot at its end it counts for nothing
		return true, failure(op, raw, CodeConnection)
	}
	switch raw = w.Close(); {
	case raw == nil || replyClass(raw) == 2:
		return false, nil
	case !refusal(raw): // no answer, or one that is none
		return true, &connectors.Error{Class: connectors.Uncertain, Code: CodeUnclear, Op: op, Hint: "look for the Message-ID " + l.messageID(c.From), Err: raw}
	}
	return broken(raw), failure(op, raw, CodeRejected)
}

// address names sender and recipients. Reports of what becomes of the mail name the delivery's key.
func (s *session) address(size int64, key string) *connectors.Error {
	c := &s.target.config
	if err := s.Mail(c.From, &smtp.MailOptions{Size: size, Return: smtp.DSNReturnHeaders, EnvelopeID: key}); err != nil {
		return failure("name the sender", err, CodeSender)
	}
	for _, to := range c.To {
		if err := s.Rcpt(to, &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}); err != nil {
			return failure("name a recipient", err, CodeRecipient)
		}
	}
	return nil
}
