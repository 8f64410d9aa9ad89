package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// tellStatus tells the service manager in one line how the agent stands, when that has changed.
func (w *watcher) tellStatus(ctx context.Context) {
	if w.agent.parent != nil && w.agent.parent.Err() != nil {
		return // it is stopping, and said so
	}
	if w.quiet || w.agent.options.Notify == nil || w.asked.Load() && len(w.stuck) > 0 {
		return // nobody listens, or reading the journal would be stuck as well
	}
	s, err := w.agent.Status(ctx)
	if err != nil {
		return
	}
	if line := Standing(s); line != w.status {
		w.status = line
		w.agent.tell("status " + line)
	}
}

// Standing returns in one line how an agent stands: what waits for a person, and what does not work since when.
func Standing(s control.Status) string {
	parts := []string{"delivering"}
	if s.Held != nil {
		parts[0] = "held: restored from a backup, inbasket restored"
	}
	if s.Journal != nil {
		parts[0] = "waiting: " + s.Journal.Code
	}
	if n := s.States[journal.Parked]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d parked", n))
	}
	add := func(what, name string, t *control.Trouble) {
		if t != nil {
			parts = append(parts, fmt.Sprintf("%s %s down since %s (%s)", what, name, t.Since.Local().Format("15:04"), t.Code))
		}
	}
	for _, t := range s.Targets {
		if t.Paused {
			parts = append(parts, "target "+t.Name+" paused")
			continue
		}
		add(kindTarget, t.Name, t.Trouble)
	}
	for _, x := range s.Inbaskets {
		add(kindInbasket, x.Name, x.Trouble)
	}
	for _, x := range s.Results {
		add(kindResults, x.Name, x.Trouble)
	}
	for _, x := range s.FrontOffices {
		add(kindOffice, x.Name, x.Trouble)
	}
	for _, t := range s.Stuck {
		parts = append(parts, t.Text)
	}
	return strings.Join(parts, "; ")
}
