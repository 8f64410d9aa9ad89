package doctor

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors"
)

// backlogMany is how many events may wait to be pushed before somebody should look.
const backlogMany = 100

// offices looks whether every front office can call or be called.
func offices(ctx context.Context, x *exam, n *notes) {
	if x.cfg == nil {
		return
	}
	if len(x.cfg.FrontOffices) == 0 {
		n.ok("", "there is none; forms come from in-baskets only")
		return
	}
	each(n, x.cfg.FrontOffices, func(o config.FrontOffice, n *notes) {
		if len(o.Tokens) == 0 && o.Push == nil {
			n.warn(o.Name, CodeOfficeMute, "it has no token and no webhook: it cannot ask, and is not told", "make a token by: inbasket token new "+o.Name)
		}
		if len(o.Tokens) > 0 && x.cfg.Listen == nil {
			n.warn(o.Name, CodeOfficeMute, "it has a token, and the agent listens nowhere", "add listen to the configuration, or remove the token")
		}
		if o.Push != nil {
			x.reachOffice(ctx, o, n)
		}
		if n.empty() {
			n.ok(o.Name, "polls; "+count(len(o.Tokens), "token"))
		}
		x.pushes(o.Name, n)
	})
}

// reachOffice connects to a webhook without sending anything.
func (x *exam) reachOffice(ctx context.Context, o config.FrontOffice, n *notes) {
	if x.cfg.Unlit(connectors.RoleFrontOffice, o.Name) {
		withoutSecret(o.Name, n)
		return
	}
	to, err := o.Push.Definition.FrontOffice(x.cfg.Env(connectors.RoleFrontOffice, o.Name, "", x.Clock, nil), o.Push.Config)
	if err != nil {
		x.broken(o.Name, err, n)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	err = to.Check(ctx)
	_ = to.Close() // nothing was left open that matters
	if err != nil {
		x.broken(o.Name, err, n)
		return
	}
	n.ok(o.Name, o.Push.Definition.Type+" answers; "+count(len(o.Tokens), "token"))
}

// pushes judges what waits for a front office.
func (x *exam) pushes(name string, n *notes) {
	if x.status == nil {
		return
	}
	for _, s := range x.status.FrontOffices {
		if s.Name != name {
			continue
		}
		if s.Trouble != nil {
			x.trouble(name, s.Trouble, n)
		}
		if s.Backlog > backlogMany {
			n.warn(name, CodeOfficeBacklog, fmt.Sprintf("%d events wait to be pushed", s.Backlog), "it can still poll; look at its webhook")
		}
	}
}
