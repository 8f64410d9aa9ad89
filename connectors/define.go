package connectors

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Env is what the agent gives a connector when it opens it. Opening does no I/O beyond what must be
// held open; Check does.
type Env struct {
	Name     string // the instance's name in the configuration
	Identity string // stable, also when name or address change; lock files and ledgers carry it
	Dir      string // folder of the configuration file; relative paths start here
	Scratch  string // folder below state for the connector's own use; made on demand by the connector
	Clock    Clock
	Look     bool         // opened only to be examined: nothing that stays may be made, such as a ledger
	Notify   func(Notice) // tells the operator of something that is not an error of a call; never nil
	// Certificate is told of certificates that the connector uses or meets, see WatchTLS; may be nil.
	Certificate func(Certificate)
	// Secret reads again what a secret of the configuration refers to, see Reread; may be nil.
	Secret func(old Secret) (Secret, error)
}

// Reread returns what the reference of a secret gives now, and whether that is another value than the old one. A
// connector asks when the other side refuses a login, before it says so: passwords are changed while the agent runs.
func (e Env) Reread(old Secret) (now Secret, other bool) {
	if e.Secret == nil || old == "" {
		return old, false
	}
	now, err := e.Secret(old)
	if err != nil || now == "" {
		return old, false
	}
	return now, now != old
}

// Path returns p as an absolute path; a relative one starts at the folder of the configuration.
func (e Env) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// Notice is something an operator should know, such as a file that was set aside. Text never holds
// form content or file names.
type Notice struct {
	Code string
	Text string
}

// Role says what a definition opens.
type Role string

// The roles, as the sections of the configuration are named.
const (
	RoleInbasket    Role = "inbaskets"
	RoleTarget      Role = "targets"
	RoleResults     Role = "results"
	RoleFrontOffice Role = "front-offices"
)

// Definition is one connector in one role, by the name that configurations use.
type Definition struct {
	Role    Role
	Type    string // such as folder, postgres, ftp
	Summary string // one sentence for the generated reference
	// Defaults returns a pointer to a configuration struct with all defaults set. Its fields carry yaml
	// tags and doc tags; a secret field has type Secret. If it has Validate() error, that does no I/O.
	Defaults func() any

	inbasket    func(Env, any) (Inbasket, error)
	target      func(Env, any) (Target, error)
	results     func(Env, any) (ResultSource, error)
	frontOffice func(Env, any) (FrontOffice, error)
}

// Overruling is a configuration with keys that do nothing beside others: key → the one that overrules it.
type Overruling interface{ Overruled() map[string]string }

// Secret is a configuration value that is given by reference only and never printed.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret.
func (Secret) GoString() string { return "(secret)" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// DefineInbasket makes a definition of an in-basket.
func DefineInbasket[C any](typ, summary string, defaults func() C, open func(Env, C) (Inbasket, error)) Definition {
	d := define(RoleInbasket, typ, summary, defaults)
	d.inbasket = func(e Env, c any) (Inbasket, error) { return open(e, *c.(*C)) }
	return d
}

// DefineTarget makes a definition of a target.
func DefineTarget[C any](typ, summary string, defaults func() C, open func(Env, C) (Target, error)) Definition {
	d := define(RoleTarget, typ, summary, defaults)
	d.target = func(e Env, c any) (Target, error) { return open(e, *c.(*C)) }
	return d
}

// DefineResults makes a definition of a result source that is configured on its own.
func DefineResults[C any](typ, summary string, defaults func() C, open func(Env, C) (ResultSource, error)) Definition {
	d := define(RoleResults, typ, summary, defaults)
	d.results = func(e Env, c any) (ResultSource, error) { return open(e, *c.(*C)) }
	return d
}

// DefineFrontOffice makes a definition of a push channel to a front office.
func DefineFrontOffice[C any](typ, summary string, defaults func() C, open func(Env, C) (FrontOffice, error)) Definition {
	d := define(RoleFrontOffice, typ, summary, defaults)
	d.frontOffice = func(e Env, c any) (FrontOffice, error) { return open(e, *c.(*C)) }
	return d
}

func define[C any](role Role, typ, summary string, defaults func() C) Definition {
	return Definition{Role: role, Type: typ, Summary: summary, Defaults: func() any { c := defaults(); return &c }}
}

var errRole = errors.New("connector opened in a role it does not have")

// Inbasket opens an in-basket; config is what Defaults returned, filled in.
func (d Definition) Inbasket(e Env, config any) (Inbasket, error) {
	if d.inbasket == nil {
		return nil, fmt.Errorf("%s as in-basket: %w", d.Type, errRole)
	}
	return d.inbasket(e, config)
}

// Target opens a target.
func (d Definition) Target(e Env, config any) (Target, error) {
	if d.target == nil {
		return nil, fmt.Errorf("%s as target: %w", d.Type, errRole)
	}
	return d.target(e, config)
}

// Results opens a result source.
func (d Definition) Results(e Env, config any) (ResultSource, error) {
	if d.results == nil {
		return nil, fmt.Errorf("%s as result source: %w", d.Type, errRole)
	}
	return d.results(e, config)
}

// FrontOffice opens a push channel.
func (d Definition) FrontOffice(e Env, config any) (FrontOffice, error) {
	if d.frontOffice == nil {
		return nil, fmt.Errorf("%s as front office: %w", d.Type, errRole)
	}
	return d.frontOffice(e, config)
}

// Registry holds definitions by role and type.
type Registry []Definition

// Find returns the definition of a type in a role.
func (r Registry) Find(role Role, typ string) (Definition, bool) {
	for _, d := range r {
		if d.Role == role && d.Type == typ {
			return d, true
		}
	}
	return Definition{}, false
}

// Types returns the types that a role has, in the registry's order.
func (r Registry) Types(role Role) []string {
	var types []string
	for _, d := range r {
		if d.Role == role {
			types = append(types, d.Type)
		}
	}
	return types
}
