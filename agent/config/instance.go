package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// validName keeps names fit for metrics, file names, ledger keys (64 bytes with the submission's ID) and shells.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$`)

const nameRule = "use letters A to Z, digits, dot, dash and underscore; at most 48"

func (l *loader) checkNames(section string, entries diag.Ordered[*diag.Node]) {
	for _, e := range entries {
		l.checkName(section, e.Key)
	}
}

func (l *loader) checkName(section, name string) {
	l.refuseKey(!validName.MatchString(name), CodeName, fmt.Sprintf("%q cannot be a name", name), nameRule, section, name)
}

// instance reads one entry of a section: common keys into common, and the block of exactly one connector.
func (l *loader) instance(role connectors.Role, e diag.Entry[*diag.Node], keys []string, common any) (d connectors.Definition, config any, ok bool) {
	n, types := e.Value, l.reg.Types(role)
	before := len(l.problems)
	l.add(l.plain(n, keys, types, common)...)
	var chosen *diag.Pair
	for i, p := range n.Pairs {
		if !slices.Contains(types, p.Key) {
			continue
		}
		if chosen != nil {
			l.add(n.KeyProblem(p.Key, CodeConnector, fmt.Sprintf("%q has two connectors, %s and %s", e.Key, chosen.Key, p.Key), "keep one of the two"))
			return d, nil, false
		}
		chosen = &n.Pairs[i]
	}
	if chosen == nil {
		l.refuseKey(len(l.problems) == before || n.Kind != diag.Map, CodeConnector, fmt.Sprintf("%q names no connector", e.Key), "give it one of: "+strings.Join(types, ", "), string(role), e.Key)
		return d, nil, false
	}
	d, _ = l.reg.Find(role, chosen.Key)
	config = d.Defaults()
	unread := l.unread
	l.holder = holder(role, e.Key)
	problems := chosen.Value.Decode(config)
	l.add(problems...)
	l.warnOfSecrets(chosen.Key, chosen.Value)
	if l.unread > unread {
		l.c.secretUnread[l.holder] = true
	}
	if len(problems) == 0 && unread == l.unread { // a secret that is not there would only be found invalid
		l.validate(chosen, config)
	}
	return d, config, len(problems) == 0
}

// hasConnector tells whether an entry has a key that looks like a connector's.
func (l *loader) hasConnector(role connectors.Role, n *diag.Node) bool {
	for _, t := range l.reg.Types(role) {
		if _, ok := n.Get(t); ok {
			return true
		}
	}
	return false
}

// plain reads the keys of an entry that are not a connector's.
func (l *loader) plain(n *diag.Node, keys, types []string, into any) diag.Problems {
	if n.Kind != diag.Map && n.Kind != diag.Null {
		return diag.Problems{n.Problem(diag.CodeType, "a block of keys belongs here, not "+n.Describe(), "")}
	}
	var problems diag.Problems
	for _, p := range n.Pairs {
		if !slices.Contains(keys, p.Key) && !slices.Contains(types, p.Key) {
			problems = append(problems, n.KeyProblem(p.Key, diag.CodeUnknownKey, fmt.Sprintf("unknown key %q", p.Key), diag.DidYouMean(p.Key, append(slices.Clone(types), keys...))))
		}
	}
	if into == nil {
		return problems
	}
	return append(problems, n.Filter(func(key string) bool { return slices.Contains(keys, key) }).Decode(into)...)
}

// validate asks the connector itself, and puts each of its complaints at the key that it begins with.
func (l *loader) validate(p *diag.Pair, config any) {
	if x, ok := config.(connectors.Overruling); ok {
		for key, by := range x.Overruled() {
			if n, last := given(p.Value, key), given(p.Value, by); n != nil && last != nil && last.Text != "false" {
				l.c.Warnings = append(l.c.Warnings, n.Problem(CodeOverruled, fmt.Sprintf("%s does nothing beside %s", key, by), "keep one of the two"))
			}
		}
	}
	v, ok := config.(interface{ Validate() error })
	if !ok {
		return
	}
	for _, err := range flatten(v.Validate()) {
		l.add(place(p, err.Error()))
	}
}

// given is the value of a dotted key; nil: it is not there.
func given(n *diag.Node, key string) *diag.Node {
	for part := range strings.SplitSeq(key, ".") {
		next, ok := n.Get(part)
		if !ok {
			return nil
		}
		n = next
	}
	return n
}

func flatten(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

var leadingKey = regexp.MustCompile(`^[a-z][a-z0-9.-]*`)

func place(p *diag.Pair, message string) diag.Problem {
	n := p.Value
	found := false
	for _, key := range strings.Split(strings.TrimRight(leadingKey.FindString(message), "."), ".") {
		next, ok := n.Get(key)
		if !ok {
			break
		}
		n, found = next, true
	}
	if !found { // the key is not there: the connector's own is the nearest
		return n.At(p.Line, p.Column, CodeInvalid, message, "")
	}
	return n.Problem(CodeInvalid, message, "")
}
