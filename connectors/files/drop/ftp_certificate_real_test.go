package drop

import (
	"sync"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/connectors/tlsfiles"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/servers"
)

// A connection over TLS tells until when the server's certificate is valid, for who watches it.
func TestVSFTPDCertificate(t *testing.T) {
	s := servers.VSFTPD(t, servers.FTPOptions{TLS: true})
	cfg := ftpDefaults()
	cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.Timeout = s.Addr, s.User, connectors.Secret(s.Password), s.Dir, 10*time.Second
	cfg.Place.TLS = ftp.TLSConfig{Mode: "explicit", Config: tlsfiles.Config{CA: s.CAFile}}
	var mu sync.Mutex
	told := map[string]time.Time{}
	d, err := NewRemote(connectors.Env{Clock: clock.NewManual(), Certificate: func(c connectors.Certificate) {
		mu.Lock()
		told[c.Whose] = c.Until
		mu.Unlock()
	}}, cfg)
	must(t, err)
	defer d.Close()
	must(t, d.Check(t.Context()))
	mu.Lock()
	defer mu.Unlock()
	if until := told[connectors.WhosePeer]; time.Until(until) <= 0 || len(told) != 1 {
		t.Errorf("%v", told)
	}
}
