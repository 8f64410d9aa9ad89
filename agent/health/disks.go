package health

import (
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/connectors"
)

// diskEvery is how often the room of a disk is measured, when there are scrapes at all.
const diskEvery = 30 * time.Second

// disks are those that the folders of a configuration lie on.
type disks struct {
	measure func(path string) (disk.Space, error)

	mu sync.Mutex
	by map[string]*room // by folder
}

// room is that of one folder's disk.
type room struct {
	space  disk.Space
	known  bool
	at     time.Time // of the last look
	asking bool
}

// look begins to measure what was not measured lately, and returns what is known. It does not wait: a network folder
// that is away may answer never, and a scrape must not hang with it.
func (d *disks) look(cfg *config.Config, now time.Time) map[string]disk.Space {
	folders := foldersOf(cfg)
	known := map[string]disk.Space{}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.by {
		if _, still := folders[name]; !still {
			delete(d.by, name)
		}
	}
	for name, path := range folders {
		r := d.by[name]
		if r == nil {
			r = &room{}
			d.by[name] = r
		}
		if r.known {
			known[name] = r.space
		}
		if since := now.Sub(r.at); r.asking || !r.at.IsZero() && since >= 0 && since < diskEvery {
			continue
		}
		r.asking, r.at = true, now
		go func() {
			space, err := d.measure(path)
			d.mu.Lock()
			defer d.mu.Unlock()
			r.space, r.known, r.asking = space, err == nil, false
		}()
	}
	return known
}

// foldersOf returns the folders whose disks are watched, by the name that metrics give them: of each
// instance the first, since the others lie beside it.
func foldersOf(cfg *config.Config) map[string]string {
	folders := map[string]string{"state": cfg.State}
	cfg.Connectors(func(x config.Connector, _ string) {
		if c, ok := x.Config.(connectors.Surrounded); ok {
			around := c.Surroundings(connectors.Env{Name: x.Name, Dir: cfg.Dir}, x.Definition.Type)
			if len(around.Folders) > 0 {
				folders[string(x.Definition.Role)+"/"+x.Name] = around.Folders[0].Path
			}
		}
	})
	return folders
}
