package agent

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
)

// officeStatus tells what waits to be pushed to a front office, and whether pushing fails.
func (a *Agent) officeStatus(ctx context.Context, o config.FrontOffice) (control.OfficeStatus, error) {
	s := control.OfficeStatus{Name: o.Name}
	if o.Push == nil {
		return s, nil
	}
	s.Push = o.Push.Definition.Type
	b, err := a.journal.PushBacklog(ctx, o.Name)
	if err != nil {
		return s, err
	}
	s.Backlog = b.Waiting
	if b.Failing > 0 {
		s.Trouble = &control.Trouble{Code: CodeOffice, Text: fmt.Sprintf("%d of %d events could not be pushed yet", b.Failing, b.Waiting),
			Next: "mend the receiver or its address; they are tried again by themselves, and inbasket show of a submission says how it failed", Since: b.Since, RetryAt: b.NextAt, Count: int(b.Failing)}
	}
	return s, nil
}
