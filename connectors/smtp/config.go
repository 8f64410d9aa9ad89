package smtp

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// Config says where mails go and what stands in them.
type Config struct {
	Address  string            `yaml:"address" doc:"host:port of the mail server; the port is 587, with tls.mode implicit 465, if missing"`
	User     string            `yaml:"user" doc:"user name; empty: no login"`
	Password connectors.Secret `yaml:"password" doc:"password, by reference"`
	TLS      TLSConfig         `yaml:"tls" doc:"encryption"`
	Hello    string            `yaml:"hello" doc:"name that the agent greets with; some servers want one that DNS knows"`
	From     string            `yaml:"from" doc:"sender's address, which reports of mails that could not be delivered are sent to"`
	To       []string          `yaml:"to" doc:"recipients' addresses; all get the mail, or none"`
	Subject  string            `yaml:"subject" doc:"subject; {id} is the submission's ID or the batch's number, {file} the name of the first file"`
	Text     string            `yaml:"text" doc:"text of the mail, with the same places"`
	Timeout  time.Duration     `yaml:"timeout" doc:"for connecting, and for each answer of the server"`
}

// TLSConfig configures the encryption.
type TLSConfig struct {
	Mode            string `yaml:"mode" doc:"starttls, implicit (from the first byte) or none"`
	tlsfiles.Config `yaml:",inline"`
	ServerName      string `yaml:"server-name" doc:"name in the server's certificate, when it is not the address"`
}

// Defaults returns the configuration with its defaults. Encryption must be chosen away, not chosen.
func Defaults() Config {
	return Config{TLS: TLSConfig{Mode: "starttls"}, Hello: "localhost", Subject: "Form {id}", Text: "Submission {id} is attached.\n", Timeout: time.Minute}
}

// Validate reports everything that is wrong with the configuration; it does no I/O.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if host, port, err := net.SplitHostPort(c.server()); err != nil || host == "" || port == "" || strings.ContainsAny(host, " /@") {
		fail("address %q is not host:port", c.Address)
	}
	if len(c.To) == 0 {
		fail("to is missing")
	}
	for key, addresses := range map[string][]string{"from": {c.From}, "to": c.To} {
		for _, a := range addresses {
			if !isAddress(a) {
				fail("%s: %q is not a mail address such as permits@agency.example", key, a)
			}
		}
	}
	for key, s := range map[string]string{"subject": c.Subject, "hello": c.Hello, "user": c.User, "password": string(c.Password)} {
		if strings.ContainsAny(s, "\r\n\x00") {
			fail("%s holds a line break", key)
		}
	}
	if c.Hello == "" || c.Timeout <= 0 {
		fail("hello must not be empty, and timeout must be positive")
	}
	if (c.User == "") != (c.Password == "") {
		fail("user and password go together")
	}
	switch c.TLS.Mode {
	case "starttls", "implicit":
	case "none":
		if c.User != "" {
			fail("tls.mode none would send the password in the clear")
		}
	default:
		fail("tls.mode %q is not starttls, implicit or none", c.TLS.Mode)
	}
	return errors.Join(append(errs, c.TLS.Validate())...)
}

// isAddress takes what needs no extension of the protocol: ASCII, without a name before it.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// server is host and port.
func (c *Config) server() string {
	if _, _, err := net.SplitHostPort(c.Address); err == nil || c.Address == "" {
		return c.Address
	}
	port := "587"
	if c.TLS.Mode == "implicit" {
		port = "465"
	}
	return net.JoinHostPort(strings.Trim(c.Address, "[]"), port)
}

func (c *Config) serverName() string {
	if c.TLS.ServerName != "" {
		return c.TLS.ServerName
	}
	host, _, _ := net.SplitHostPort(c.server())
	return host
}

// Surroundings names the certificates and the server.
func (c *Config) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	s := connectors.Surroundings{}
	if c.TLS.Mode == "none" {
		return s
	}
	s.Certificates = c.TLS.Surroundings(e)
	peer := connectors.Peer{Address: c.server(), Name: c.serverName()}
	if c.TLS.Mode == "starttls" {
		peer.Greet = func(conn net.Conn) error { return greet(conn, c.Hello) }
	}
	s.Peers = append(s.Peers, peer)
	return s
}

// greet speaks on a fresh connection until the handshake is next.
func greet(conn net.Conn, hello string) error {
	text := textproto.NewConn(conn)
	for _, step := range []struct {
		say    string
		expect int
	}{{"", 220}, {"EHLO " + hello, 250}, {"STARTTLS", 220}} {
		if step.say != "" {
			if err := text.PrintfLine("%s", step.say); err != nil {
				return err
			}
		}
		if _, _, err := text.ReadResponse(step.expect); err != nil {
			return err
		}
	}
	return nil
}
