package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping/diag"
)

// document is the file as it stands; its tags are the source of the generated reference.
type document struct {
	Agency       string                   `yaml:"agency,required" doc:"name of the agency, as status and events show it"`
	State        string                   `yaml:"state" doc:"folder of the journal, the content store and the control socket; on a local disk"`
	Listen       *listen                  `yaml:"listen" doc:"HTTP interface for front offices; absent: none"`
	Monitor      monitor                  `yaml:"monitor" doc:"health and metrics: an address, or off"`
	Memory       int64                    `yaml:"memory" doc:"what the heap may grow to, such as 128MiB, before the agent works harder to keep it small; absent: as many parts are at work, up to a quarter of the machine or control group"`
	Log          Log                      `yaml:"log" doc:"what is logged where"`
	Control      Control                  `yaml:"control" doc:"local socket of the command line"`
	Retention    Retention                `yaml:"retention" doc:"how long submissions are kept with their content after their life ended"`
	Secrets      sealed                   `yaml:"secrets" doc:"sealed secrets that references of this file may name"`
	Inbaskets    diag.Ordered[*diag.Node] `yaml:"inbaskets" doc:"where forms come from, by name"`
	Targets      diag.Ordered[*diag.Node] `yaml:"targets,required" doc:"legacy systems that are written to, by name"`
	Results      diag.Ordered[*diag.Node] `yaml:"results" doc:"where answer files come from, by name; databases answer by the mapping's query"`
	FrontOffices diag.Ordered[*diag.Node] `yaml:"front-offices" doc:"who sends forms and is owed the result, by name"`
	Routes       diag.Ordered[route]      `yaml:"routes,required" doc:"which forms go by which mapping, by name"`
}

// listen is Listen with its defaults.
type listen struct{ Listen }

// UnmarshalNode fills in what the file does not say.
func (l *listen) UnmarshalNode(n *diag.Node) diag.Problems {
	l.Listen = DefaultListen()
	return n.Decode(&l.Listen)
}

// monitor is an address, a block with an address, or off.
type monitor struct {
	Address string `yaml:"address,required" doc:"host:port; anybody who can connect may read it"`
}

// UnmarshalNode reads the short forms as well.
func (m *monitor) UnmarshalNode(n *diag.Node) diag.Problems {
	if n.Kind == diag.Text {
		m.Address = n.Text
		if n.Text == "off" {
			m.Address = ""
		}
		return nil
	}
	type block monitor
	return n.Decode((*block)(m))
}

type office struct {
	Quota  *Quota       `yaml:"quota" doc:"what it may send; whatever is over is answered with 429. Absent: no limit"`
	Tokens []*diag.Node `yaml:"tokens,one" doc:"SHA-256 of its tokens, or references to them; two while one is replaced"`
}

type route struct {
	From         []string      `yaml:"from,one" doc:"in-baskets; absent: the front office posts the form"`
	Mapping      string        `yaml:"mapping,required" doc:"mapping file"`
	FrontOffice  string        `yaml:"front-office" doc:"who is owed the result; absent: nobody, delivered is the last word"`
	Match        string        `yaml:"match" doc:"names of forms, such as dog-*.xml, when several routes share an in-basket; the first that fits is taken"`
	Keep         Period        `yaml:"keep" doc:"instead of retention for this route: a time such as 30d, or forever"`
	DecideWithin time.Duration `yaml:"decide-within" doc:"after this time without a decision the front office and the operator are told"`
}

// Quota bounds what one front office may send. What is 0, or not there, is not bounded.
type Quota struct {
	Rate        Rate  `yaml:"rate" doc:"requests of all kinds, such as 50/s, 600/min or 10000/h; as many may come at once"`
	BytesPerDay int64 `yaml:"bytes-per-day" doc:"bytes of forms with their attachments a day (UTC), such as 2GiB; known forms do not count"`
	Open        int64 `yaml:"open" doc:"forms that are neither delivered nor at their end"`
}

// Rate is so many in a time.
type Rate struct {
	Count int
	Per   time.Duration
}

// UnmarshalNode reads 50/s, 600/min or 10000/h.
func (r *Rate) UnmarshalNode(n *diag.Node) diag.Problems {
	number, unit, _ := strings.Cut(strings.ReplaceAll(n.Text, " ", ""), "/")
	count, err := strconv.Atoi(number)
	per, known := map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour}[unit]
	if n.Kind == diag.Map || n.Kind == diag.List || err != nil || count < 1 || !known {
		return diag.Problems{n.Problem(CodeInvalid, "not a number of requests in a time", "write one such as 50/s, 600/min or 10000/h")}
	}
	*r = Rate{count, per}
	return nil
}

// String writes the rate as the file would.
func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "min", time.Hour: "h"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Count, unit)
}

func (l *loader) quota(office string, q *Quota) {
	l.refuse(q != nil && (q.BytesPerDay < 0 || q.Open < 0), CodeInvalid, "bytes-per-day and open must not be negative", "", "front-offices", office, "quota")
}

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
func (c *Config) Purges() bool { return c.Shortest() > 0 }

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
	for _, r := range append([]Route{{Name: ""}}, c.Routes...) {
		of := c.RetentionOf(r.Name)
		for _, p := range []Period{of.Closed, of.Rejected, of.Unfetched} {
			if p.Duration > 0 && (least == 0 || p.Duration < least) {
				least = p.Duration
			}
		}
	}
	return least
}
