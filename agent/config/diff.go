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
	}{{"state", c.State, old.State}, {"listen", c.Listen, old.Listen}, {"monitor", c.Monitor, old.Monitor}, {"memory", c.Memory, old.Memory}, {"control", c.Control, old.Control}} {
		if !reflect.DeepEqual(s.now, s.was) {
			out = append(out, Change{Section: s.section, Kind: Restart})
		}
	}
	if c.Agency != old.Agency {
		out = append(out, Change{Section: "agency", Kind: Changed})
	}
	if c.Retention != old.Retention {
		out = append(out, Change{Section: "retention", Kind: Changed})
	}
	if c.Log != old.Log {
		out = append(out, Change{Section: "log", Kind: Changed})
	}
	out = append(out, diff("inbaskets", c.Inbaskets, old.Inbaskets, inbasketName, func(a, b Inbasket) Kind {
		return changed(a.Definition.Type == b.Definition.Type && reflect.DeepEqual(a.Config, b.Config))
	})...)
	out = append(out, diff("targets", c.Targets, old.Targets, targetName, targetChange)...)
	out = append(out, diff("results", c.Results, old.Results, resultsName, func(a, b Results) Kind {
		return changed(a.Definition.Type == b.Definition.Type && reflect.DeepEqual(a.Config, b.Config))
	})...)
	out = append(out, diff("front-offices", c.FrontOffices, old.FrontOffices, officeName, func(a, b FrontOffice) Kind {
		return changed(reflect.DeepEqual(a.Tokens, b.Tokens) && reflect.DeepEqual(a.Quota, b.Quota) && samePush(a.Push, b.Push))
	})...)
	return append(out, diff("routes", c.Routes, old.Routes, routeName, func(a, b Route) Kind {
		return changed(reflect.DeepEqual(a, b))
	})...)
}

// diff compares two lists by name; compare returns "" for equal entries.
func diff[T any](section string, now, was []T, nameOf func(T) string, compare func(a, b T) Kind) []Change {
	var out []Change
	for _, x := range now {
		old, known := find(was, nameOf(x), nameOf)
		if !known {
			out = append(out, Change{section, nameOf(x), Added})
		} else if kind := compare(x, old); kind != "" {
			out = append(out, Change{section, nameOf(x), kind})
		}
	}
	for _, x := range was {
		if _, still := find(now, nameOf(x), nameOf); !still {
			out = append(out, Change{section, nameOf(x), Removed})
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

func targetChange(a, b Target) Kind {
	if a.Identity == b.Identity && a.Fingerprint != b.Fingerprint {
		return RePointed
	}
	return changed(a.Definition.Type == b.Definition.Type && reflect.DeepEqual(a.Config, b.Config) && reflect.DeepEqual(a.TargetOptions, b.TargetOptions))
}

func samePush(a, b *Push) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Definition.Type == b.Definition.Type && reflect.DeepEqual(a.Config, b.Config)
}
