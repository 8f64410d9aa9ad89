package drop

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// A password that was changed while the agent runs is read again from where it lies, once; one that is wrong there too
// is told.
func TestFTPPasswordChanged(t *testing.T) {
	s, err := ftpserver.Start(ftpserver.Config{Root: filepath.Join(t.TempDir(), "root"), User: "batch", Password: "geheim"})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, os.Mkdir(filepath.Join(s.Root(), "IN"), 0o700))
	asked := 0
	env := connectors.Env{Clock: clock.NewManual(), Secret: func(old connectors.Secret) (connectors.Secret, error) {
		asked++
		if old == "old" {
			return "geheim", nil
		}
		return old, nil
	}}
	for password, right := range map[connectors.Secret]bool{"old": true, "wrong": false} {
		cfg := ftpDefaults()
		cfg.Place.Address, cfg.Place.User, cfg.Place.Password, cfg.Place.Dir, cfg.Place.TLS.Mode, cfg.Place.Timeout = s.Addr(), "batch", password, "/IN", "none", 10*time.Second
		d, err := NewRemote(env, cfg)
		must(t, err)
		asked = 0
		err = d.Check(t.Context())
		var coded *connectors.Error
		if right && err != nil || !right && (!errors.As(err, &coded) || coded.Code != ftp.CodeLogin) || asked != 1 {
			t.Errorf("%q: %v, asked %d times", string(password), err, asked)
		}
		must(t, d.Close())
	}
}
