package config

import (
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
