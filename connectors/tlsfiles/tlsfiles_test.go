package tlsfiles

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestLoad reads files that are right, wrong, half or not there yet.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, b := range map[string][]byte{"ca.pem": authority, "text.pem": []byte("no certificate")} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := connectors.Env{Dir: dir}
	beside := x509.NewCertPool()
	for name, tt := range map[string]struct {
		c         Config
		ok, later bool
	}{
		"nothing":                     {Config{}, true, false},
		"an authority":                {Config{CA: "ca.pem"}, true, false},
		"no authority":                {Config{CA: "text.pem"}, false, false},
		"not there yet":               {Config{CA: "gone.pem"}, false, true},
		"a key that is not there yet": {Config{Cert: "ca.pem", Key: "gone.pem"}, false, true},
		"no key":                      {Config{Cert: "ca.pem", Key: "text.pem"}, false, false},
	} {
		conf, err := tt.c.Load(e, beside)
		var absent *AbsentError
		if (err == nil) != tt.ok || errors.As(err, &absent) != tt.later {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (conf.RootCAs != nil) != (tt.c.CA != "") {
			t.Errorf("%s: whom it trusts", name)
		}
		if (tt.c.Absent(e) != nil) != tt.later {
			t.Errorf("%s: absent says otherwise", name)
		}
	}
	if (Config{Cert: "a"}).Validate() == nil || (Config{Key: "a"}).Validate() == nil || (Config{CA: "a"}).Validate() != nil {
		t.Error("half a pair, or a whole configuration")
	}
}
