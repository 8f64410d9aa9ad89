package prepare

import (
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Codes of forms whose route is not known. Each is stable; docs/errors.md is generated from this list.
const (
	CodeNoRoute     = "route.none"     // no route takes this form; add or mend a route in the configuration, or input.when of a mapping, reload, then inbasket retry
	CodeManyRoutes  = "route.several"  // input.when of several mappings is true for the form; make them exclude each other, reload, then inbasket retry
	CodeRouteUnsure = "route.not-told" // whether the form is that of a mapping cannot be told: its input.when fails for it, or it is larger than its limits allow; mend it, reload, then inbasket retry
)

// again is what to do about a form whose route is not known.
const again = "mend the routes or input.when of their mappings, reload, then inbasket retry"

// Named are the routes that take forms of a transport name out of their in-basket.
func Named(routes []*Route, transport string) (out []*Route) {
	for _, r := range routes {
		if r.Matches(journal.ItemName(transport)) {
			out = append(out, r)
		}
	}
	return out
}

// Choose finds the route that takes a form, and the form if it has been read for that. Of the routes before the first one whose mapping does not
// say which forms are its own, the one whose mapping says that this one is; where none does, that first one. What a single route does not
// take parks there. Without a route why says what nobody knows.
func Choose(routes []*Route, form []byte, contentType string) (one *Route, read mapping.Form, why *journal.Reason) {
	if len(routes) == 0 {
		return nil, nil, &journal.Reason{Code: CodeNoRoute, Text: "no route takes this form", Next: "add or mend a route, then inbasket retry"}
	}
	if len(routes) == 1 || !routes[0].Plan.Selects() {
		return routes[0], nil, nil
	}
	c := choice{form: form, contentType: contentType}
	for _, r := range routes {
		if !r.Plan.Selects() {
			one = r
			break
		}
		c.ask(r)
	}
	switch {
	case c.unsure != nil:
		return nil, nil, c.unsure
	case len(c.mine) > 1:
		return nil, nil, &journal.Reason{Code: CodeManyRoutes, Text: "the mappings of several routes say that the form is theirs: " + strings.Join(c.mine, ", "), Next: again}
	case len(c.mine) == 1:
		return c.takes, c.taken, nil
	case one != nil:
		return one, nil, nil
	}
	return nil, nil, &journal.Reason{Code: CodeNoRoute, Text: strings.Join(append([]string{"no route takes this form"}, c.unread...), "; "), Next: again}
}

// choice is what is known of a form while routes are asked for it.
type choice struct {
	form        []byte
	contentType string
	last        *mapping.Plan // by which it was read last
	read        mapping.Form
	failed      error
	mine        []string // routes whose mapping says that it is theirs
	takes       *Route   // the first of them
	taken       mapping.Form
	unread      []string // what routes cannot read it
	unsure      *journal.Reason
}

func (c *choice) ask(r *Route) {
	if c.last == nil || !c.last.SameInput(r.Plan) {
		c.last = r.Plan
		c.read, c.failed = r.Plan.Decode(c.form, c.contentType)
	}
	var large *decode.Error
	if errors.As(c.failed, &large) && large.Limit() != "" { // it may be this one's all the same
		c.cannotTell(r, "it is larger than input.limits."+large.Limit()+" of its mapping allows", c.failed)
		return
	}
	if c.failed != nil {
		c.unread = append(c.unread, fmt.Sprintf("route %s cannot read it [%s]", r.Name, Undecodable(c.failed).Code))
		return
	}
	mine, err := r.Plan.Takes(c.read)
	switch {
	case err != nil:
		c.cannotTell(r, "input.when of its mapping fails", err)
	case mine:
		if c.mine = append(c.mine, r.Name); c.takes == nil {
			c.takes, c.taken = r, c.read
		}
	}
}

func (c *choice) cannotTell(r *Route, why string, err error) {
	if c.unsure == nil {
		c.unsure = &journal.Reason{Code: CodeRouteUnsure, Text: "whether the form is that of route " + r.Name + " cannot be told: " + why, Next: again, Raw: err.Error()}
	}
}
