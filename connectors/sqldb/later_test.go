package sqldb

import (
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
	"github.com/inbasket/inbasket/test/clock"
)

// A database whose certificate file is not there yet opens, with everything that a mapping is checked
// against; each connect says what is missing, and nothing is sent in the clear.
func TestTLSFileComesLater(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	s.Close()
	for _, typ := range []string{"postgres", "mariadb", "mysql"} {
		t.Run(typ, func(t *testing.T) {
			dir := t.TempDir()
			d, ok := connectors.Registry(Targets()).Find(connectors.RoleTarget, typ)
			if !ok {
				t.Fatal("no such database")
			}
			c := d.Defaults().(*dialect.Config)
			c.Host, c.Port, c.Database, c.User = "127.0.0.1", 1, "d", "u"
			c.TLS = dialect.TLS{Mode: "verify-full", Config: tlsfiles.Config{CA: "ca.pem"}}
			env := connectors.Env{Name: "register", Identity: "register", Dir: dir, Clock: clock.NewManual(), Notify: func(connectors.Notice) {}, Scratch: filepath.Join(dir, "scratch")}
			target, err := d.Target(env, c)
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			if a := target.(connectors.Able).Abilities(); a.MaxItems == 0 && !a.Returning {
				t.Errorf("abilities: %+v", a)
			}
			var coded *connectors.Error
			if err := target.Check(t.Context()); !errors.As(err, &coded) || coded.Code != dialect.CodeTLSFile || coded.Class != connectors.TargetError || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("without the file: %v", err)
			}
			if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := target.Check(t.Context()); !errors.As(err, &coded) || coded.Code != dialect.CodeUnreachable {
				t.Errorf("with the file it must try to connect: %v", err)
			}
		})
	}
}
