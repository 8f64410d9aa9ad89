// Package config reads the agent's configuration file: strictly, with all errors at once, secrets by
// reference only, and nothing opened or changed on the way.
package config

import (
	"path/filepath"
	"reflect"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Config is a checked configuration. Paths of its own are absolute; those inside connector
// configurations are resolved by the connectors, see connectors.Env.
type Config struct {
	Path string // of the file, absolute
	Dir  string // its folder; relative paths start here, also those in conf.d
	// Files are all files that it was read from, absolute: the one at Path, then those in conf.d.
	Files []string

	Agency       string
	State        string // folder of journal, content store and control socket
	Listen       *Listen
	Monitor      string // address; empty: off
	Memory       int64  // bytes that the heap may grow to; 0: as the work and the machine ask for
	Log          Log
	Control      Control
	Inbaskets    []Inbasket
	Targets      []Target
	Results      []Results
	FrontOffices []FrontOffice
	Routes       []Route
	Retention    Retention

	held         func(holder string) []held       // secrets of a connector; a function, for a printed Config must not show them
	resolve      func(*diag.Node) (string, error) // reads a reference again
	secretUnread map[string]bool                  // section and name of what has a secret that could not be read; loaded leniently

	// Warnings are problems that do not keep the agent from running.
	Warnings diag.Problems

	file *diag.File
}

// Listen says where front offices reach the agent.
type Listen struct {
	Address string `yaml:"address,required" doc:"host:port; other than loopback only with tls"`
	TLS     *TLS   `yaml:"tls" doc:"certificate of the agent"`
	MaxBody int64  `yaml:"max-body" doc:"largest form with its attachments in bytes; an attachment has at most 100 MiB"`
	MaxForm int64  `yaml:"max-form" doc:"largest form without its attachments in bytes, such as 96MiB where forms hold files in base64"`

	Connections int      `yaml:"connections" doc:"connections at once; never more than half of the files that the process may open. When they are used up, one goes that has shown no token, or is idle"`
	PerAddress  int      `yaml:"connections-per-address" doc:"of these, how many one address may have that have shown no token; 0: a quarter. Proxies and this machine may have all"`
	Proxies     []string `yaml:"proxies,one" doc:"addresses or networks of reverse proxies, such as 10.0.0.5 or 10.1.0.0/16: many clients come from each, and only its X-Forwarded-For is believed"`
}

// TLS names a certificate.
type TLS struct {
	Cert string `yaml:"cert,required" doc:"PEM file with the certificate and its chain; read again when it changes"`
	Key  string `yaml:"key,required" doc:"PEM file with its private key"`
}

// Log says what is logged where.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error"`
	Format string `yaml:"format" doc:"json or console"`
	File   string `yaml:"file" doc:"log file; empty: standard error, or what the service manager takes"`
}

// Control configures the local socket that the command line talks to.
type Control struct {
	Group string `yaml:"group" doc:"group whose members may give orders beside the agent's own account and root; Linux only"`
}

// Connector is one configured connector.
type Connector struct {
	Name       string
	Definition connectors.Definition
	Config     any // what Definition.Defaults returned, filled in
}

func (c Connector) name() string { return c.Name }

func (c Connector) equal(o Connector) bool {
	return c.Definition.Type == o.Definition.Type && reflect.DeepEqual(c.Config, o.Config)
}

type (
	// Inbasket is one configured in-basket.
	Inbasket = Connector
	// Results is one configured source of results.
	Results = Connector
)

// Target is one configured target.
type Target struct {
	Connector
	Fingerprint string // changes when the target points to another system; holds no secret
	TargetOptions
}

// TargetOptions are the keys of a target beside its connector.
type TargetOptions struct {
	Identity string        `yaml:"identity" doc:"stable name in ledgers and journal, also when the target is renamed; the target's name by default"`
	Timeout  time.Duration `yaml:"timeout" doc:"for one call to the target; what is unclear afterwards is looked up"`
	Group    int           `yaml:"group" doc:"submissions delivered together at most; 0: what suits the connector"`
	Retry    Retry         `yaml:"retry" doc:"waiting after failures"`
	Batch    *Batch        `yaml:"batch" doc:"collect deliveries into numbered files; for places only"`
	File     *FileNames    `yaml:"file" doc:"one file a form; for places only"`
}

// Retry says how long to wait after failures in a row: twice as long each time.
type Retry struct {
	First time.Duration `yaml:"first" doc:"after the first failure"`
	Most  time.Duration `yaml:"most" doc:"never longer than this"`
}

// Batch says when an open batch closes and what its file is called.
type Batch struct {
	Close   Close  `yaml:"close,required" doc:"when the batch closes: at the first limit that is reached"`
	Name    string `yaml:"name,required" doc:"file name, such as PERM{seq:06}.DAT; {seq} is the gap-free number"`
	Control string `yaml:"control" doc:"name of a control file that is put after the batch file"`
	Layout  string `yaml:"layout" doc:"name of the mapping's layout, for who reads this file; the mapping decides"`
}

// Close holds the limits of a batch.
type Close struct {
	Count int           `yaml:"count" doc:"deliveries"`
	Size  int64         `yaml:"size" doc:"bytes, such as 8MiB"`
	Age   time.Duration `yaml:"age" doc:"since the oldest delivery's form was accepted"`
	At    []string      `yaml:"at,one" doc:"times of day, such as 18:00"`
	Zone  string        `yaml:"zone" doc:"time zone of at and of dates in names, such as Europe/Berlin; UTC by default"`

	times    []batch.TimeOfDay
	location *time.Location
}

// Policy returns the limits as the batch code takes them.
func (b Batch) Policy() batch.Policy {
	return batch.Policy{Count: b.Close.Count, Size: b.Close.Size, Age: b.Close.Age, At: b.Close.times, Zone: b.Close.location}
}

// FileNames says what the files of one form are called.
type FileNames struct {
	Name    string `yaml:"name,required" doc:"file name, such as {reference}.csv or {id}.xml"`
	Control string `yaml:"control" doc:"name of a control file that is put after the file, such as {reference}.ok"`
}

// FrontOffice is one front office: who it is by its tokens, and where events are pushed to.
type FrontOffice struct {
	Name   string
	Tokens []string   // SHA-256 of tokens in lower-case hex; empty: it cannot call
	Push   *Connector // nil: it polls
	Quota  *Quota     // nil: none
}

func (f FrontOffice) name() string { return f.Name }

// Route says which mapping forms of an in-basket go by.
type Route struct {
	Name         string
	From         []string // in-baskets; empty: front offices post it
	Mapping      string   // absolute path of the mapping file
	FrontOffice  string   // who is owed the result; empty: nobody
	Match        string   // names of forms in the in-basket, such as *.json; empty: all
	DecideWithin time.Duration
	Keep         Period // instead of Retention
}

func (r Route) name() string { return r.Name }

// Connectors calls each for every configured connector, in the order of the file's sections; identity is that of a target.
func (c *Config) Connectors(each func(x Connector, identity string)) {
	for _, x := range c.Inbaskets {
		each(x, "")
	}
	for _, x := range c.Targets {
		each(x.Connector, x.Identity)
	}
	for _, x := range c.Results {
		each(x, "")
	}
	for _, x := range c.FrontOffices {
		if x.Push != nil {
			each(*x.Push, "")
		}
	}
}

// SecretUnread tells whether an entry of a section has a secret that could not be read here. Only a configuration
// that was loaded leniently has such.
func (c *Config) SecretUnread(role connectors.Role, name string) bool {
	return c.secretUnread[holder(role, name)]
}

// Target returns a target by name.
func (c *Config) Target(name string) (Target, bool) { return find(c.Targets, name) }

// Route returns a route by name.
func (c *Config) Route(name string) (Route, bool) { return find(c.Routes, name) }

// FrontOffice returns a front office by name.
func (c *Config) FrontOffice(name string) (FrontOffice, bool) { return find(c.FrontOffices, name) }

// Env returns what a connector of this configuration is opened with. The folder for the connector's own
// use is named by section and identity.
func (c *Config) Env(role connectors.Role, name, identity string, clock connectors.Clock, notify func(connectors.Notice)) connectors.Env {
	if identity == "" {
		identity = name
	}
	if notify == nil {
		notify = func(connectors.Notice) {}
	}
	return connectors.Env{
		Name: name, Identity: identity, Dir: c.Dir, Clock: clock, Notify: notify,
		Scratch: filepath.Join(c.State, "scratch", string(role), identity),
		Secret:  c.reader(holder(role, name)),
	}
}

// Problem returns a problem at a place of the configuration file, see diag.File.Problem.
func (c *Config) Problem(code, message, suggestion string, path ...any) diag.Problem {
	return c.file.Problem(code, message, suggestion, path...)
}

// Abs returns a path of this configuration as an absolute one.
func (c *Config) Abs(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

type named interface{ name() string }

func find[T named](list []T, name string) (found T, ok bool) {
	for _, x := range list {
		if x.name() == name {
			return x, true
		}
	}
	return found, false
}

// DefaultMonitor is where health and metrics are served unless the configuration says otherwise.
const DefaultMonitor = "127.0.0.1:8471"

// mostForm is what a form may be made to have at most: it is read whole.
const mostForm = 256 << 20

// DefaultListen returns the defaults of listen.
func DefaultListen() Listen { return Listen{MaxBody: 256 << 20, MaxForm: 10 << 20, Connections: 1024} }

// DefaultLog returns the defaults of log.
func DefaultLog() Log { return Log{Level: "info", Format: "json"} }

// DefaultTarget returns the defaults of a target beside its connector.
func DefaultTarget() TargetOptions {
	return TargetOptions{Timeout: time.Minute, Retry: Retry{First: 250 * time.Millisecond, Most: 5 * time.Minute}}
}

func defaultDocument() document {
	return document{State: "state", Monitor: monitor{Address: DefaultMonitor}, Log: DefaultLog()}
}
