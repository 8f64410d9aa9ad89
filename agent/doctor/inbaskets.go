package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// waitedLong is how long a form may lie in an in-basket while the agent runs.
const waitedLong = time.Hour

// inbaskets looks for forms that nobody takes and for error folders that nobody empties. It reads names and
// times only.
func inbaskets(ctx context.Context, x *exam, n *notes) {
	if x.cfg == nil {
		return
	}
	if len(x.cfg.Inbaskets) == 0 {
		n.ok("", "there is none; front offices post forms")
	}
	x.surroundings(func(role connectors.Role, name string, s connectors.Surroundings) {
		if role != connectors.RoleInbasket && role != connectors.RoleResults {
			return
		}
		before, seen := len(n.findings()), len(s.Folders) > 0
		for _, f := range s.Folders {
			switch {
			case f.Match != "":
				seen = x.waiting(name, f, n) && seen
			case f.Use == "error":
				seen = setAside(name, f, n) && seen
			}
		}
		if seen && len(n.findings()) == before {
			n.ok(name, "nothing waits for long")
		}
	})
	x.reachSources(ctx, func(_ connectors.Role, name string, err error) {
		if err != nil {
			x.broken(name, err, n)
		} else {
			n.ok(name, "can be reached")
		}
	})
	if x.status == nil {
		return
	}
	for _, s := range append(x.status.Inbaskets, x.status.Results...) {
		for _, w := range s.Waiting { // its name is for the operator alone
			n.warn(s.Name, w.Code, w.Text, w.Next)
		}
		if s.Trouble != nil {
			x.trouble(s.Name, s.Trouble, n)
		}
	}
}

// reachSources connects to in-baskets and sources of results that lie behind a server; folders of this machine are looked at
// otherwise.
func (x *exam) reachSources(ctx context.Context, told func(role connectors.Role, name string, err error)) {
	reach := func(d connectors.Definition, name string, conf any, open func(connectors.Env) (any, error)) {
		env := x.cfg.Env(d.Role, name, "", x.Clock, nil)
		if c, ok := conf.(connectors.Surrounded); !ok || len(c.Surroundings(env, d.Type).Folders) > 0 || x.cfg.SecretUnread(d.Role, name) {
			return
		}
		env.Look = true
		source, err := open(env)
		if err != nil {
			told(d.Role, name, err)
			return
		}
		ctx, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		if c, ok := source.(connectors.Checker); ok {
			told(d.Role, name, c.Check(ctx))
		}
		_ = source.(io.Closer).Close() // nothing was left open that matters
	}
	for _, i := range x.cfg.Inbaskets {
		reach(i.Definition, i.Name, i.Config, func(e connectors.Env) (any, error) { return i.Definition.Inbasket(e, i.Config) })
	}
	for _, r := range x.cfg.Results {
		reach(r.Definition, r.Name, r.Config, func(e connectors.Env) (any, error) { return r.Definition.Results(e, r.Config) })
	}
}

// waiting looks at the forms of a folder, and tells whether it could.
func (x *exam) waiting(name string, f connectors.WorkFolder, n *notes) (seen bool) {
	waiting, oldest := 0, time.Time{}
	err := lookInto(f.Path, func(info os.FileInfo) {
		if !fits(info.Name(), f.Match) {
			return
		}
		waiting++
		if oldest.IsZero() || info.ModTime().Before(oldest) {
			oldest = info.ModTime()
		}
	})
	if err != nil || waiting == 0 {
		return err == nil // folders tells why
	}
	age := x.now.Sub(oldest)
	switch {
	case x.status == nil:
		n.ok(name, fmt.Sprintf("%d waiting for the agent to run", waiting))
	case age > waitedLong:
		n.warn(name, CodeWaiting, fmt.Sprintf("%d waiting, the oldest for %s", waiting, long(age)),
			"see whether it waits for its attachments or a done-marker, and whether the agent may read and move it: inbasket status")
	}
	return true
}

// fits tells whether a name is one of a pattern with alternatives.
func fits(name, pattern string) bool {
	for one := range strings.SplitSeq(pattern, "|") {
		if ok, _ := path.Match(strings.ToLower(one), strings.ToLower(name)); ok {
			return true
		}
	}
	return false
}

// setAside counts what lies in an error folder; each file has its reason beside it. It tells whether it could.
func setAside(name string, f connectors.WorkFolder, n *notes) (seen bool) {
	names := map[string]bool{}
	if err := lookInto(f.Path, func(info os.FileInfo) { names[info.Name()] = true }); err != nil {
		return errors.Is(err, fs.ErrNotExist) // none was ever set aside
	}
	files := 0
	for name := range names {
		if form, reason := strings.CutSuffix(name, ".txt"); !reason || !names[form] {
			files++
		}
	}
	if files > 0 {
		n.warn(name, CodeErrorFolder, count(files, "file")+" in "+f.Path, "read the reasons beside them; send back or remove the files")
	}
	return true
}
