package webhook

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// A receiver whose ca is not there yet opens; nothing is sent until the file is there, and then it is.
func TestTLSFileComesLater(t *testing.T) {
	asked := 0
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	o := open(t, func(c *Config) { c.URL = s.URL; c.CA = ca })
	push := func() connectors.Outcome {
		t.Helper()
		out, err := o.Publish(context.Background(), []connectors.Event{event("e", "A")})
		if err != nil || len(out) != 1 {
			t.Fatal(out, err)
		}
		return out[0]
	}
	if out := push(); out.Class != connectors.TargetError || out.Code != CodeTLSFile || asked != 0 {
		t.Errorf("without the file: %+v, asked %d times", out, asked)
	}
	if err := os.WriteFile(ca, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := push(); out.Code != CodeTLSFile || asked != 0 {
		t.Errorf("with nonsense in it: %+v", out)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := push(); out.Class != connectors.Written || asked != 1 {
		t.Errorf("with the file: %+v, asked %d times", out, asked)
	}
}
