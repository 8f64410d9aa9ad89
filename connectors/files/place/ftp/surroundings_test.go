package ftp

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// TestGreet has servers begin the encryption, however they greet, and says which do not.
func TestGreet(t *testing.T) {
	cfg := Defaults()
	for _, tt := range []struct {
		name   string
		server ftpserver.Config
		begins bool
	}{
		{"usual", ftpserver.Config{TLS: &tls.Config{}}, true},
		{"several lines, after a while", ftpserver.Config{TLS: &tls.Config{}, Habits: ftpserver.Habits{Greeting: "120 in a minute\r\n220-welcome\r\n220 stay"}}, true},
		{"no encryption", ftpserver.Config{}, false},
		{"closed", ftpserver.Config{TLS: &tls.Config{}, Habits: ftpserver.Habits{Greeting: "421 too many users"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.server.Root = filepath.Join(t.TempDir(), "root")
			s, err := ftpserver.Start(tt.server)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			cfg.Address = s.Addr()
			peers := cfg.Surroundings(connectors.Env{}, "ftp").Peers
			if len(peers) != 1 || peers[0].Address != s.Addr() || peers[0].Name != "127.0.0.1" {
				t.Fatalf("%+v", peers)
			}
			conn, err := net.Dial("tcp", peers[0].Address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := peers[0].Greet(conn); (err == nil) != tt.begins {
				t.Errorf("greeted: %v", err)
			}
		})
	}
	if cfg.TLS.Mode = "none"; len(cfg.Surroundings(connectors.Env{}, "ftp").Peers) != 0 {
		t.Error("a server without encryption is asked for its certificate")
	}
}
