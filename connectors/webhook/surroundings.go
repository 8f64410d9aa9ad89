package webhook

import (
	"net"
	"net/url"

	"github.com/inbasket/inbasket/connectors"
)

// Surroundings names certificates and, where no proxy stands between, the receiver.
func (c *Config) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	s := connectors.Surroundings{Certificates: c.files().Surroundings(e)}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || c.Proxy != "" {
		return s
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	s.Peers = append(s.Peers, connectors.Peer{Address: net.JoinHostPort(u.Hostname(), port), Name: u.Hostname()})
	return s
}
