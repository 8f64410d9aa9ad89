package doctor_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// expiring returns what doctor says of a target's server: its certificate ends within days.
func expiring(t *testing.T, w *world, target string) {
	t.Helper()
	w.config = "agency: A\nstate: state\nmonitor: off\ninbaskets: {permits: {folder: {path: in}}}\ntargets:\n  peer: " + target + "\nroutes: {r: {from: permits, mapping: m.yaml}}\n"
	e := w.examine("certificates")
	for _, f := range e.Findings {
		if f.Subject == "peer server" && f.Level == control.LevelFail && strings.HasPrefix(f.Text, "expires on ") {
			return
		}
	}
	t.Errorf("%s: %s", target, w.words(e))
}

// TestRealServers looks at the certificates that servers show after the greeting of their protocol.
func TestRealServers(t *testing.T) {
	t.Run("mariadb", func(t *testing.T) {
		w := newWorld(t)
		cert, key := w.certificate("mariadb", w.clock.Now().Add(50*time.Hour), "localhost")
		dir, err := os.MkdirTemp("", "doctor-cert-*") // the server's account must read it
		w.must(err)
		defer os.RemoveAll(dir)
		w.must(os.Chmod(dir, 0o755))
		for _, f := range []string{cert, key} {
			raw, err := os.ReadFile(f)
			w.must(err)
			w.must(os.WriteFile(filepath.Join(dir, filepath.Base(f)), raw, 0o644))
		}
		db, err := servers.StartMariaDB(servers.Options{Settings: []string{"ssl_cert=" + filepath.Join(dir, "mariadb.pem"), "ssl_key=" + filepath.Join(dir, "mariadb.key")}})
		if err != nil {
			if servers.Mandatory() {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		defer db.Close()
		_, port, err := net.SplitHostPort(db.Addr)
		w.must(err)
		expiring(t, w, fmt.Sprintf("{mariadb: {host: 127.0.0.1, port: %s, database: x, user: x, tls: {mode: require}}}", port))
	})
	t.Run("vsftpd", func(t *testing.T) {
		w := newWorld(t)
		w.clock.Advance(time.Until(w.clock.Now()) * -1) // its certificate is valid for two days from now on
		f := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
		expiring(t, w, fmt.Sprintf("{ftp: {address: '%s', user: x, tls: {ca: '%s', server-name: localhost}}, file: {name: '{id}'}}", f.Addr, f.CAFile))
	})
}

// TestPostgreSQLIsGreeted has a server that answers as PostgreSQL does before a handshake.
func TestPostgreSQLIsGreeted(t *testing.T) {
	w := newWorld(t)
	cert, key := w.certificate("postgres", w.clock.Now().Add(50*time.Hour), "localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	w.must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ended := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer c.Close()
		var ask [8]byte
		if _, err := io.ReadFull(c, ask[:]); err != nil || ask != [8]byte{0, 0, 0, 8, 4, 210, 22, 47} {
			ended <- fmt.Errorf("not asked for encryption: %v %w", ask, err)
			return
		}
		_, _ = c.Write([]byte("S"))
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake() // the client looks and goes
		ended <- nil
	}()
	port := l.Addr().(*net.TCPAddr).Port
	expiring(t, w, "{postgres: {host: 127.0.0.1, port: "+strconv.Itoa(port)+", database: x, user: x, tls: {mode: require}}}")
	w.must(l.Close())
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
