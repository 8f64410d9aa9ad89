package ftp

import (
	"net"

	"github.com/inbasket/inbasket/connectors"
)

// Surroundings names the server and its authority, where the connection is encrypted.
func (c *Config) Surroundings(e connectors.Env, _ string) connectors.Surroundings {
	var s connectors.Surroundings
	if c.TLS.Mode == "none" {
		return s
	}
	s.Certificates = c.TLS.Surroundings(e)
	name := c.TLS.ServerName
	if name == "" {
		name, _, _ = net.SplitHostPort(c.Server())
	}
	s.Peers = append(s.Peers, connectors.Peer{Address: c.Server(), Name: name, Greet: greet})
	return s
}

// greet asks a server for encryption, as explicit FTPS does.
func greet(conn net.Conn) error {
	c := &session{}
	c.speak(conn)
	return c.welcome(true)
}
