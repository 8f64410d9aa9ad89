package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/codes"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// checkLimit is how long one target may take to answer.
const checkLimit = 30 * time.Second

// backlogOld is the age of a delivery from which somebody should look.
const backlogOld = time.Hour

// targets connects to every target and sees whether it could be written to, and how its queue stands.
func targets(ctx context.Context, x *exam, n *notes) {
	if x.cfg == nil {
		return
	}
	var plans map[string]*mapping.Plan
	if x.Mappings != nil {
		plans, _ = x.Mappings(x.cfg) // what is wrong with them is said by config
	}
	each(n, x.cfg.Targets, func(t config.Target, n *notes) {
		x.reach(ctx, t, plans, n)
		if x.status != nil {
			for _, s := range x.status.Targets {
				if s.Name == t.Name {
					x.queue(s, n)
				}
			}
		}
	})
}

// reach does what the agent does before it writes, and compares the target with the mappings.
func (x *exam) reach(ctx context.Context, t config.Target, plans map[string]*mapping.Plan, n *notes) {
	if x.cfg.SecretUnread(connectors.RoleTarget, t.Name) {
		withoutSecret(t.Name, n)
		return
	}
	env := x.cfg.Env(connectors.RoleTarget, t.Name, t.Identity, x.Clock, n.noticed(t.Name))
	env.Look = true
	if file := missing(t, env); file != "" { // said more plainly than the driver does
		n.fail(t.Name, CodeDatabaseMissing, file+" is not there", "correct its path, or mount its disk; the agent never makes it")
		return
	}
	target, err := t.Definition.Target(env, t.Config)
	if err != nil {
		x.broken(t.Name, err, n)
		return
	}
	g := guard.Wrap(target, min(t.Timeout, checkLimit))
	misfits, err := Compare(ctx, x.cfg, t, g, plans)
	promise := g.Abilities().Guarantee
	_ = g.Close() // nothing was left open that matters
	wrong := 0
	for _, m := range misfits {
		if m.Warning {
			n.warn(place(m.Problem), m.Code, m.Message, m.Suggestion)
		} else {
			n.fail(place(m.Problem), m.Code, m.Message, m.Suggestion)
			wrong++
		}
	}
	if err != nil {
		x.broken(t.Name, err, n)
		return
	}
	if wrong > 0 {
		n.fail(t.Name, CodeTargetMisfit, t.Definition.Type+" can be reached; "+count(wrong, "thing")+" above would hold up forms", "mend what the lines above say, and see it with its place by: inbasket check --connect")
		return
	}
	switch promise.Level {
	case "exact":
		n.ok(t.Name, t.Definition.Type+" can be written to; each effect happens once (exact)")
	default:
		n.warn(t.Name, CodeTargetWeak, t.Definition.Type+" can be written to; its guarantee is "+promise.Level+": "+promise.Why, "docs/guarantees.md says what it takes to be exact")
	}
}

// missing returns a file that the target stands on and that is not there.
func missing(t config.Target, env connectors.Env) string {
	c, ok := t.Config.(connectors.Surrounded)
	if !ok {
		return ""
	}
	for _, f := range c.Surroundings(env, t.Definition.Type).Folders {
		if f.Holds == "" {
			continue
		}
		if _, err := os.Stat(f.Holds); errors.Is(err, fs.ErrNotExist) {
			return f.Holds
		}
	}
	return ""
}

// noticed makes a line of each notice that a connector gives while it is looked at.
func (n *notes) noticed(name string) func(connectors.Notice) {
	return func(notice connectors.Notice) {
		text, cure, _ := strings.Cut(notice.Text, "; ")
		n.warn(name, notice.Code, text, cmp.Or(cure, codes.Cure(notice.Code, "see what it says")))
	}
}

// withoutSecret says that something was not connected to.
func withoutSecret(name string, n *notes) {
	n.warn(name, CodeSecretUnread, "not connected to: a secret of it cannot be read by this account", "look with the account of the service: inbasket doctor --as-service")
}

// broken says why something cannot be reached: with the code of its own, never with a driver's text.
func (x *exam) broken(name string, err error, n *notes) {
	var coded *connectors.Error
	if errors.As(err, &coded) {
		n.fail(name, coded.Code, coded.Op+" failed", cmp.Or(coded.Hint, codes.Cure(coded.Code, "see what the agent's log says of it")))
		return
	}
	n.fail(name, CodeTargetTrouble, "it cannot be reached", "see what the agent's log says of it: inbasket status")
}

// queue judges what waits for a target.
func (x *exam) queue(s control.TargetStatus, n *notes) {
	if s.Paused {
		n.warn(s.Name, CodeTargetPaused, "paused by an operator", "let it go on by: inbasket resume "+s.Name)
	}
	if s.Trouble != nil && s.Circuit != "" && s.Circuit != "closed" {
		x.trouble(s.Name, s.Trouble, n)
	} else if s.Trouble != nil {
		n.warn(s.Name, s.Trouble.Code, s.Trouble.Text, s.Trouble.Next)
	}
	if s.Parked > 0 {
		n.warn(s.Name, CodeTargetParked, fmt.Sprintf("%d parked", s.Parked), "see why, and settle them: inbasket list --state parked")
	}
	if age := x.now.Sub(s.Oldest); s.Open > 0 && !s.Oldest.IsZero() && age > backlogOld && s.Batch == nil {
		n.warn(s.Name, CodeTargetOld, fmt.Sprintf("%d open, the oldest for %s", s.Open, long(age)), "see what holds them up: inbasket status")
	}
}

// trouble passes on what the running agent knows.
func (x *exam) trouble(name string, t *control.Trouble, n *notes) {
	text := "the agent has trouble with it"
	if !t.Since.IsZero() {
		text += " since " + t.Since.Local().Format("2006-01-02 15:04")
	}
	if t.Count > 1 {
		text += fmt.Sprintf(", %d failures in a row", t.Count)
	}
	n.fail(name, t.Code, text, cmp.Or(t.Next, "it is tried again by itself"))
}

// long writes a time span for people.
func long(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	case d >= 2*time.Hour:
		return count(int(d/time.Hour), "hour")
	default:
		return count(int(d/time.Minute), "minute")
	}
}

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
	if x.cfg.SecretUnread(connectors.RoleFrontOffice, o.Name) {
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
