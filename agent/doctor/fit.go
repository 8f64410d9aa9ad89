package doctor

import (
	"context"

	"github.com/inbasket/inbasket/agent/control"
)

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
