package drop

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// TestFTPSaysWhatIsLeftOut has servers that are there leave something out: the hint says what, and what to do about it, and does not
// send anybody to look at the address.
func TestFTPSaysWhatIsLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		habits ftpserver.Habits
		faults ftpserver.Faults
		code   string
		hint   []string
	}{
		"end of a listing":  {ftpserver.Habits{}, ftpserver.Faults{NoEnd: "LIST", NoSize: true}, ftp.CodeSilent, []string{"said nothing for 100ms", "LIST -a is done (226)", "tell sizes by SIZE or MLST"}},
		"end of facts":      {ftpserver.Habits{Features: []string{"MLST size*;"}, Refusals: map[string]string{"MLST": "550 no", "SIZE": "502 no"}}, ftpserver.Faults{NoEnd: "MLSD"}, ftp.CodeSilent, []string{"MLSD is done (226)"}},
		"end of an upload":  {ftpserver.Habits{}, ftpserver.Faults{NoEnd: "STOR"}, ftp.CodeTransfer, []string{"STOR is done (226)", "longer timeout"}},
		"any answer":        {ftpserver.Habits{}, ftpserver.Faults{Silent: true}, ftp.CodeSilent, []string{"said nothing for 100ms", "an answer to USER"}},
		"a data connection": {ftpserver.Habits{Answers: map[string]string{"EPSV": "229 port (|||1|)"}}, ftpserver.Faults{}, ftp.CodeTransfer, []string{"the port 1 that it named", "passive ports"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := ftpTargetWith(t, c.habits, func(cfg *ftpConfig) { cfg.Place.Timeout = 100 * time.Millisecond })
			s.SetFaults(c.faults)
			leftOut(t, d.Stage(t.Context(), permit("1/t", "Ada\r\n")), c.code, c.hint...)
		})
	}
}

func leftOut(t *testing.T, err error, code string, hint ...string) {
	t.Helper()
	e, ok := err.(*connectors.Error)
	if !ok || e.Code != code || e.Class != connectors.Transient {
		t.Fatalf("%#v", err)
	}
	for _, part := range hint {
		if !strings.Contains(e.Safe(), part) {
			t.Errorf("%s: %s is not in it", e.Safe(), part)
		}
	}
	if strings.Contains(e.Safe(), "check address") || strings.Contains(e.Safe(), "P1.DAT") {
		t.Error(e.Safe())
	}
}

// TestFTPGreeting meets what takes connections and greets nobody.
func TestFTPGreeting(t *testing.T) {
	for want, end := range map[string]bool{"said nothing for 100ms where its greeting": false, "ended the connection where its greeting": true} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if !end {
				_, _ = conn.Read(make([]byte, 1)) // until the client gives up
			}
			_ = conn.Close()
		}()
		cfg := ftpDefaults()
		cfg.Place.Address, cfg.Place.User, cfg.Place.TLS.Mode, cfg.Place.Timeout = ln.Addr().String(), "batch", "none", 100*time.Millisecond
		d, err := NewRemote(connectors.Env{Clock: clock.NewManual()}, cfg)
		must(t, err)
		leftOut(t, d.Stage(t.Context(), permit("1/t", "Ada\r\n")), ftp.CodeSilent, want)
		must(t, ln.Close())
		<-done
		must(t, d.Close())
	}
}
