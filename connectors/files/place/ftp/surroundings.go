package ftp

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"

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
	s.Peers = append(s.Peers, connectors.Peer{Address: c.Server(), Name: name, Greet: greetFTP})
	return s
}

// greetFTP asks a server for encryption, as explicit FTPS does.
func greetFTP(conn net.Conn) error {
	r := bufio.NewReaderSize(conn, 512)
	if err := expectFTP(r, "220"); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("AUTH TLS\r\n")); err != nil {
		return err
	}
	if err := expectFTP(r, "234"); err != nil {
		return err
	}
	if r.Buffered() > 0 {
		return errors.New("the server speaks before the handshake")
	}
	return nil
}

// expectFTP reads one answer, which may have several lines, and compares its number.
func expectFTP(r *bufio.Reader, want string) error {
	for range 100 {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if len(line) < 4 || line[3] == '-' || strings.HasPrefix(line, " ") {
			continue
		}
		if !strings.HasPrefix(line, want) {
			return fmt.Errorf("the server answered %.3s, not %s", line, want)
		}
		return nil
	}
	return errors.New("the server's answer does not end")
}
