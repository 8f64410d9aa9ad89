package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/mapping/load"
)

// upgrade tells what this version of the program would do to the journal: beside the agent that runs, or
// before it is installed.
func upgrade(_ context.Context, x *exam, n *notes) {
	i, err := x.journal()
	if errors.Is(err, fs.ErrNotExist) {
		n.ok("journal", "there is none yet")
		return
	}
	if err != nil {
		return // journal says so
	}
	x.migration(i, n)
	pinned(i, n)
	if x.status != nil && x.status.Version != x.Version && !x.Inside {
		n.ok("agent", "version "+x.status.Version+" runs; this is "+x.Version)
	}
}

// migration says how the journal changes.
func (x *exam) migration(i checking.Inspection, n *notes) {
	switch {
	case i.Version > i.Known:
		n.fail("journal", journal.CodeTooNew, fmt.Sprintf("a newer program wrote it: version %d, and this one knows up to %d", i.Version, i.Known),
			"install that version of inbasket or a newer one, or restore a backup from before")
	case i.Version == i.Known:
		n.ok("journal", fmt.Sprintf("version %d, as this program has it", i.Version))
	default:
		need := uint64(i.Size/4 + i.Log + 16<<20)
		d, err := x.System.Disk(x.Place.State)
		if err == nil && d.Free < need {
			n.fail("journal", CodeUpgradeSpace, fmt.Sprintf("it would go from version %d to %d, for which %s must be free", i.Version, i.Known, size(need)), "make space first")
			return
		}
		n.ok("journal", fmt.Sprintf("would go from version %d to %d within %s; older programs then refuse it, so make a backup before", i.Version, i.Known, seconds(i.Size)))
	}
}

// readPerSecond is what a slow disk reads in a second, in bytes: migrations make tables and indexes, and read
// at most the whole file.
const readPerSecond = 40 << 20

func seconds(size int64) string {
	if s := size/readPerSecond + 1; s > 90 {
		return count(int(s/60)+1, "minute")
	} else {
		return count(int(s), "second")
	}
}

// pinned loads every mapping that submissions still go by, as the agent would.
func pinned(i checking.Inspection, n *notes) {
	bad := 0
	for _, p := range i.Plans {
		_, err := load.Bundle(p.Bundle, nil)
		if err == nil {
			continue
		}
		bad++
		name := fmt.Sprintf("%s version %d", p.Name, p.Version)
		if p.Open > 0 {
			n.fail(name, CodeUpgradePlan, fmt.Sprintf("%d open submissions go by it, and this version cannot load it", p.Open),
				"let them finish with the version that is installed; else retry them by inbasket retry --mapping NEW")
			continue
		}
		n.warn(name, CodeUpgradePlan, "this version cannot load it; nothing on its way needs it, late results may", "load its successor before the upgrade")
	}
	if bad == 0 && len(i.Plans) > 0 {
		n.ok("mappings", count(len(i.Plans), "mapping")+" in use, all load")
	}
}

// Fits tells whether this version of the program could take over: it reads configuration, mappings and
// journal as it would at its start, and asks each target. It changes nothing, and an older agent may run
// meanwhile. A target that cannot be reached now is a warning: it may be down for its own reasons.
func Fits(ctx context.Context, p *Patient) control.Examination {
	e := Examine(ctx, p, []string{"config", "targets", "journal", "upgrade"})
	for i, f := range e.Findings {
		switch {
		case f.Level != control.LevelFail:
		case f.Area == "targets", f.Code == CodeHeld, f.Code == CodeJournalMute, f.Area == "journal" && f.Code == CodeAudit:
			e.Findings[i].Level = control.LevelWarn // as true of the version that is installed
		}
	}
	return e
}
