package diagnose

import (
	"fmt"
	"regexp"
)

// aliases stand for names: the same name has the same alias everywhere in one bundle.
type aliases struct {
	names bool // the office's own names may be told
	own   map[string]bool
	known map[string]string // kind and name → alias
	count map[string]int
}

// newAliases gives the configured names their aliases in the order of the configuration.
func newAliases(s Source) *aliases {
	a := &aliases{names: s.Names, own: map[string]bool{}, known: map[string]string{}, count: map[string]int{}}
	c := s.Config
	if c == nil {
		return a
	}
	mine := func(kind, name string) {
		a.own[name] = true
		a.of(kind, name)
	}
	for _, x := range c.Inbaskets {
		mine(inbasket, x.Name)
	}
	for _, x := range c.Targets {
		mine(target, x.Name)
	}
	for _, x := range c.Results {
		mine(source, x.Name)
	}
	for _, x := range c.FrontOffices {
		mine(office, x.Name)
	}
	for _, x := range c.Routes {
		mine(route, x.Name)
	}
	return a
}

// Kinds of names.
const (
	inbasket = "in-basket"
	target   = "target"
	source   = "results"
	office   = "office"
	route    = "route"
	plan     = "mapping"
	host     = "host"
)

// of returns what a name is called here: itself if it is configured and names may be told, else an alias.
func (a *aliases) of(kind, name string) string {
	if name == "" {
		return ""
	}
	if a.names && a.own[name] && kind != host {
		return name
	}
	key := kind + "\x00" + name
	if a.known[key] == "" {
		a.count[kind]++
		a.known[key] = fmt.Sprintf("%s#%d", kind, a.count[kind])
	}
	return a.known[key]
}

// any returns the alias of a name whose kind is not known; a name that is not configured is only "other".
func (a *aliases) any(name string) string {
	for _, kind := range []string{target, inbasket, source, office, route} {
		if _, ok := a.known[kind+"\x00"+name]; ok && a.own[name] {
			return a.of(kind, name)
		}
	}
	return "other"
}

var (
	codePattern  = regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$`)
	plainPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 .:_/+()-]{0,79}$`)
)

// code returns s if it looks like one of our codes.
func code(s string) string {
	if s == "" || len(s) <= 64 && codePattern.MatchString(s) {
		return s
	}
	return "other"
}

// plain returns s if it holds nothing strange; it is for what the program itself or the system says.
func plain(s string) string {
	if s == "" || plainPattern.MatchString(s) {
		return s
	}
	return "other"
}
