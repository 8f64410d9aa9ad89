package config

import "reflect"

// Kind of a Change.
type Kind string

// The kinds of changes between two configurations.
const (
	Added     Kind = "added"
	Removed   Kind = "removed"
	Changed   Kind = "changed"
	RePointed Kind = "re-pointed" // a target of the same identity that is another system now
	Restart   Kind = "restart"    // takes effect only when the agent starts anew
)

// Change is one difference between two configurations.
type Change struct {
	Section string `json:"section"` // as the file names it
	Name    string `json:"name,omitempty"`
	Kind    Kind   `json:"kind"`
}

// Diff says what is different in c, seen from old, in the order of the file's sections. Secrets count: a
// changed password is a changed target.
func (c *Config) Diff(old *Config) []Change {
	var out []Change
	for _, s := range []struct {
		section  string
		now, was any
		kind     Kind
	}{
		{"state", c.State, old.State, Restart}, {"listen", c.Listen, old.Listen, Restart}, {"monitor", c.Monitor, old.Monitor, Restart},
		{"memory", c.Memory, old.Memory, Restart}, {"control", c.Control, old.Control, Restart},
		{"agency", c.Agency, old.Agency, Changed}, {"retention", c.Retention, old.Retention, Changed}, {"log", c.Log, old.Log, Changed},
	} {
		if !reflect.DeepEqual(s.now, s.was) {
			out = append(out, Change{Section: s.section, Kind: s.kind})
		}
	}
	out = append(out, diff("inbaskets", c.Inbaskets, old.Inbaskets, sameConnector)...)
	out = append(out, diff("targets", c.Targets, old.Targets, targetChange)...)
	out = append(out, diff("results", c.Results, old.Results, sameConnector)...)
	out = append(out, diff("front-offices", c.FrontOffices, old.FrontOffices, func(a, b FrontOffice) Kind {
		return changed(reflect.DeepEqual(a.Tokens, b.Tokens) && reflect.DeepEqual(a.Quota, b.Quota) && (a.Push == nil) == (b.Push == nil) &&
			(a.Push == nil || a.Push.equal(*b.Push)))
	})...)
	return append(out, diff("routes", c.Routes, old.Routes, func(a, b Route) Kind { return changed(reflect.DeepEqual(a, b)) })...)
}

// diff compares two lists by name; compare returns "" for equal entries.
func diff[T named](section string, now, was []T, compare func(a, b T) Kind) []Change {
	var out []Change
	for _, x := range now {
		old, known := find(was, x.name())
		if !known {
			out = append(out, Change{section, x.name(), Added})
		} else if kind := compare(x, old); kind != "" {
			out = append(out, Change{section, x.name(), kind})
		}
	}
	for _, x := range was {
		if _, still := find(now, x.name()); !still {
			out = append(out, Change{section, x.name(), Removed})
		}
	}
	return out
}

func changed(same bool) Kind {
	if same {
		return ""
	}
	return Changed
}

func sameConnector(a, b Connector) Kind { return changed(a.equal(b)) }

func targetChange(a, b Target) Kind {
	if a.Identity == b.Identity && a.Fingerprint != b.Fingerprint {
		return RePointed
	}
	return changed(a.equal(b.Connector) && reflect.DeepEqual(a.TargetOptions, b.TargetOptions))
}
