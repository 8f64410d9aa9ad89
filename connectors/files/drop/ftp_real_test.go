package drop

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/tlsfiles"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/servers"
)

// TestVSFTPD does against a real vsftpd what TestFTPBatch does; with TLS it demands, as vsftpd does by
// default, that data connections resume the control connection's session.
func TestVSFTPD(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "explicit TLS": true} {
		t.Run(name, func(t *testing.T) {
			s := servers.VSFTPD(t, servers.FTPOptions{TLS: tls})
			d := realFTP(t, s, nil)
			wayOfABatch(t, d, s.Root)
		})
	}
}

// TestVSFTPDLarge sends what takes long enough for the server's session tickets to come back meanwhile.
func TestVSFTPDLarge(t *testing.T) {
	s := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
	d := realFTP(t, s, nil)
	for i := range 5 {
		g := connectors.Group{Items: []connectors.Delivery{{Key: "a", Files: []connectors.File{
			file("large"+strconv.Itoa(i)+".csv", strings.Repeat("0123456789abcdef", 1<<18))}}}}
		expect(t, "delivered", deliver(t, d, g), "written")
	}
}

func TestVSFTPDReadBack(t *testing.T) {
	s := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
	wayOfABatch(t, realFTP(t, s, func(c *ftpConfig) { c.Verify = "read-back" }), s.Root)
}

func TestVSFTPDRestarted(t *testing.T) {
	s := servers.VSFTPD(t, servers.FTPOptions{})
	d := realFTP(t, s, nil)
	g := batch()
	must(t, d.Stage(t.Context(), g))
	g.Staged = true
	must(t, d.Close()) // vsftpd's session processes outlive their parent
	s.Stop()
	if out := deliver(t, d, g); out != "transient:ftp.connect transient:ftp.connect" {
		t.Errorf("stopped: %s", out)
	}
	must(t, s.Start())
	expect(t, "started again", deliver(t, d, g), "written written")
}

func TestVSFTPDRefusals(t *testing.T) {
	s := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
	tests := []struct {
		name   string
		change func(*ftpConfig)
		want   string
	}{
		{"wrong password", func(c *ftpConfig) { c.Place.Password = "wrong" }, ftp.CodeLogin},
		{"no TLS", func(c *ftpConfig) { c.Place.TLS.Mode = "none" }, ftp.CodeLogin},
		{"unknown authority", func(c *ftpConfig) { c.Place.TLS.CA = "" }, ftp.CodeTLS},
		{"other name", func(c *ftpConfig) { c.Place.TLS.ServerName = "host1.example" }, ftp.CodeTLS},
		{"no such folder", func(c *ftpConfig) { c.Place.Dir = "/nowhere" }, place.CodeFolder},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := realFTP(t, s, tt.change).Check(t.Context())
			e, ok := err.(*connectors.Error)
			if !ok || e.Class != connectors.TargetError || e.Code != tt.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func realFTP(t *testing.T, s *servers.FTP, change func(*ftpConfig)) *Drop {
	t.Helper()
	cfg := ftpDefaults()
	cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.Timeout = s.Addr, s.User, connectors.Secret(s.Password), s.Dir, 10*time.Second
	cfg.Place.TLS = ftp.TLSConfig{Mode: "none"}
	if s.CAFile != "" {
		cfg.Place.TLS = ftp.TLSConfig{Mode: "explicit", Config: tlsfiles.Config{CA: s.CAFile}}
	}
	if change != nil {
		change(&cfg)
	}
	d, err := NewRemote(connectors.Env{Clock: clock.NewManual()}, cfg)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}
