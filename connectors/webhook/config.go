package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// Config says where and how events are pushed.
type Config struct {
	URL          string              `yaml:"url" doc:"address that events are posted to; https, or http with allow-private"`
	Secret       connectors.Secret   `yaml:"secret" doc:"signing secret, whsec_ and base64 of 24 to 64 bytes"`
	Secrets      []connectors.Secret `yaml:"also-sign-with" doc:"further secrets while one is being replaced, two at most"`
	AllowPrivate bool                `yaml:"allow-private" doc:"allow private, loopback and link-local addresses"`
	Timeout      time.Duration       `yaml:"timeout" doc:"for one attempt, 1s to 60s"`
	TLS          tlsfiles.Config     `yaml:"tls" doc:"encryption; the authorities are trusted beside the system's"`
	CA           string              `yaml:"ca" doc:"the same as tls.ca, as it was spelled before"`
	Certificate  string              `yaml:"certificate" doc:"the same as tls.cert, as it was spelled before"`
	Key          string              `yaml:"key" doc:"the same as tls.key, as it was spelled before"`
	Proxy        string              `yaml:"proxy" doc:"outgoing HTTP proxy, such as http://proxy:3128; none by default"`
}

// Defaults returns the configuration with its defaults: 15 s an attempt.
func Defaults() Config { return Config{Timeout: 15 * time.Second} }

// Validate reports everything that is wrong with the configuration; it does no I/O.
func (c Config) Validate() error {
	var errs []error
	errs = append(errs, c.validateURL())
	if _, err := c.keys(); err != nil {
		errs = append(errs, err)
	}
	if len(c.Secrets) > 2 {
		errs = append(errs, errors.New("also-sign-with: two further secrets at most"))
	}
	if c.Timeout < time.Second || c.Timeout > time.Minute {
		errs = append(errs, errors.New("timeout: between 1s and 60s"))
	}
	if c.TLS != (tlsfiles.Config{}) && c.old() != (tlsfiles.Config{}) {
		errs = append(errs, errors.New("ca, certificate and key: move them into tls, as ca, cert and key"))
	}
	if err := c.files().Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Proxy != "" {
		if u, err := url.Parse(c.Proxy); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, errors.New("proxy: an address such as http://proxy:3128"))
		}
	}
	return errors.Join(errs...)
}

// files are those of TLS, however the keys are spelled.
func (c Config) files() tlsfiles.Config {
	if old := c.old(); old != (tlsfiles.Config{}) {
		return old
	}
	return c.TLS
}

func (c Config) old() tlsfiles.Config {
	return tlsfiles.Config{CA: c.CA, Cert: c.Certificate, Key: c.Key}
}

func (c Config) validateURL() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" {
		return errors.New("url: an address such as https://portal.example/hook")
	}
	switch {
	case u.User != nil:
		return errors.New("url: no user or password in it; the signature shows who sends")
	case u.Fragment != "":
		return errors.New("url: no # in it")
	case u.Scheme != "https" && !(u.Scheme == "http" && c.AllowPrivate):
		return errors.New("url: https is needed; http only with allow-private: true")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !c.AllowPrivate && !public(a) {
		return fmt.Errorf("url: %s is not a public address; set allow-private: true if that is meant", a)
	}
	if host := u.Hostname(); !c.AllowPrivate && (host == "localhost" || net.ParseIP(host) == nil && len(host) > 253) {
		return errors.New("url: the host is this machine or too long; set allow-private: true for this machine")
	}
	return nil
}

// keys returns the signing keys, the current one first.
func (c Config) keys() ([][]byte, error) {
	first, err := parseSecret(string(c.Secret))
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	keys := [][]byte{first}
	for _, s := range c.Secrets {
		k, err := parseSecret(string(s))
		if err != nil {
			return nil, fmt.Errorf("also-sign-with: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}
