package conformance

import (
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// env is what the agent would give a connector, with a clock that runs fast enough for tests.
func env(t testing.TB) connectors.Env {
	t.Helper()
	return connectors.Env{
		Name: "conformance", Identity: "conformance-1", Dir: t.TempDir(), Scratch: t.TempDir(),
		Clock: clock.NewFast(50), Notify: func(n connectors.Notice) { t.Logf("notice %s: %s", n.Code, n.Text) },
	}
}
