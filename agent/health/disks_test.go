package health

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/clock"
)

// A network folder that never answers keeps neither a scrape waiting nor the other folders from being shown, and is
// asked once only.
func TestDisksThatDoNotAnswer(t *testing.T) {
	cfg, err := config.Parse("inbasket.yaml", []byte(`
agency: A
state: /state
inbaskets: {permits: {folder: {path: /away}}}
targets: {drop: {folder: {path: /drop}, file: {name: "{id}"}}}
routes: {r: {from: permits, mapping: m.yaml}}
`), all.Registry(), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual()
	d := &newCounters(c, nil).disks
	release := make(chan struct{})
	var asked, away atomic.Int64
	d.measure = func(path string) (disk.Space, error) {
		if strings.HasSuffix(path, "away") {
			away.Add(1)
			<-release
		}
		asked.Add(1)
		return disk.Space{Free: uint64(asked.Load()), Size: 100}, nil
	}
	look := func() map[string]disk.Space { return d.look(cfg, c.Now()) }
	until := func(n int) {
		t.Helper()
		for len(look()) != n {
			runtime.Gosched()
		}
	}
	until(2) // state and drop; look came back all the time
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times within the same moment", n)
	}
	c.Advance(diskEvery)
	look()
	for asked.Load() != 4 {
		runtime.Gosched()
	}
	if n := away.Load(); n != 1 {
		t.Errorf("what does not answer was asked %d times", n)
	}
	close(release)
	until(3)
	if _, ok := look()[string(connectors.RoleInbasket)+"/permits"]; !ok {
		t.Errorf("%v", look())
	}
}
