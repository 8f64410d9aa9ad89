package config

import (
	"fmt"
	"time"

	"github.com/inbasket/inbasket/mapping/diag"
)

// Retention says how long submissions are kept with their content after their life ended. What is open or
// parked is never purged.
type Retention struct {
	Closed     Period `yaml:"closed" doc:"after the front office knows the last word, or delivery was it and nobody waits for one; a time such as 90d, or forever, which is the default"`
	Rejected   Period `yaml:"rejected" doc:"after a form was rejected"`
	Unfetched  Period `yaml:"unfetched" doc:"after the last word of a submission whose front office never acknowledged it"`
	Tombstones Period `yaml:"tombstones" doc:"after the purge, what keeps a known form known: no content, no reference; such a form is new again afterwards"`
}

// Period is how long something is kept. Its zero value says nothing, which means forever unless something more
// general says otherwise.
type Period struct {
	time.Duration
	Forever bool // explicitly
}

// shortest is how long everything is kept at least: what is accepted, delivered and closed within an hour may
// still be looked at by those who watch.
const shortest = time.Hour

// UnmarshalNode reads a duration, or forever.
func (p *Period) UnmarshalNode(n *diag.Node) diag.Problems {
	if n.Kind == diag.Text && n.Text == "forever" {
		p.Forever = true
		return nil
	}
	if problems := n.Decode(&p.Duration); len(problems) > 0 {
		return problems
	}
	if p.Duration < shortest {
		return diag.Problems{n.Problem(CodeInvalid, "this is too short to purge anything safely", "write at least 1h, such as 90d, or forever")}
	}
	return nil
}

// String writes the period as the file would.
func (p Period) String() string {
	switch {
	case p.Duration <= 0:
		return "forever"
	case p.Duration%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", p.Duration/(24*time.Hour))
	}
	return short(p.Duration)
}

// Purges tells whether anything is ever purged for its age.
func (c *Config) Purges() bool {
	if c.Retention.Closed.Duration+c.Retention.Rejected.Duration+c.Retention.Unfetched.Duration > 0 {
		return true
	}
	for _, r := range c.Routes {
		if r.Keep.Duration > 0 {
			return true
		}
	}
	return false
}

// RetentionOf returns how long submissions of a route are kept; a route that is not configured any more has what
// holds for all.
func (c *Config) RetentionOf(route string) Retention {
	all := c.Retention
	r, ok := c.Route(route)
	if !ok || r.Keep == (Period{}) {
		return all
	}
	return Retention{Closed: r.Keep, Rejected: r.Keep, Unfetched: r.Keep, Tombstones: all.Tombstones}
}

// Shortest returns the shortest time that anything is kept; 0 where nothing is ever purged for its age.
func (c *Config) Shortest() time.Duration {
	least := time.Duration(0)
	take := func(p Period) {
		if p.Duration > 0 && (least == 0 || p.Duration < least) {
			least = p.Duration
		}
	}
	for _, r := range append([]Route{{Name: ""}}, c.Routes...) {
		of := c.RetentionOf(r.Name)
		take(of.Closed)
		take(of.Rejected)
		take(of.Unfetched)
	}
	return least
}
