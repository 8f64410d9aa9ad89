package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

// Options say how a configuration is loaded. The zero value is how the agent loads it.
type Options struct {
	// Lenient makes secrets that cannot be read here a warning: check runs under another account than the agent.
	Lenient bool
	// Getenv reads the environment; nil: the process's own.
	Getenv func(string) string
}

// Load reads and checks a configuration file. The error is diag.Problems with everything that is wrong.
// Mappings are not read, see Plans.
func Load(path string, reg connectors.Registry, o Options) (*Config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRead(path, err, "name the file by --config, and let the agent's account read it")
	}
	return Parse(path, src, reg, o)
}

func cannotRead(path string, err error, help string) diag.Problems {
	return diag.Problems{{File: path, Code: CodeRead, Message: "the configuration cannot be read: " + reason(err), Suggestion: help}}
}

// look reads the main file as far as it can be read, for what must be known of a configuration that is wrong otherwise.
func look(path, help string) (*Config, error) {
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrPermission) {
		help = "who gives orders must be allowed to read it: do it as root, or see control.group in docs/sysadmin.md"
	}
	if err == nil {
		var abs string
		if abs, err = filepath.Abs(path); err == nil {
			file, problems := diag.Parse(path, src)
			if file.Root().Kind == diag.Map || len(problems) == 0 { // an empty file has all defaults
				return &Config{Path: abs, Dir: filepath.Dir(abs), file: file}, nil
			}
			maskLooks(problems)
			return nil, problems.Err()
		}
	}
	return nil, cannotRead(path, err, help)
}

// reason returns the operating system's reason without the path, which stands in the message already.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Parse is Load for a main file whose bytes are known; path says where it would lie.
func Parse(path string, src []byte, reg connectors.Registry, o Options) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, diag.Problems{{File: path, Code: CodeRead, Message: "the path cannot be made absolute"}}
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	all := read(path, filepath.Dir(abs), src)
	l := &loader{reg: reg, options: o, problems: all.problems, held: map[string][]held{}, c: &Config{Path: abs, Dir: filepath.Dir(abs), Files: all.paths, secretUnread: map[string]bool{}, Warnings: all.warnings, file: all.file}}
	all.hook(diag.Hooks{Secret: l.secret, Text: refuseReference})
	l.vault = newVault(l)
	l.c.resolve, l.c.held = l.anew, func(holder string) []held { return l.held[holder] }
	if all.file.Root().Kind != diag.Map && len(l.problems) > 0 { // nothing of it can be read: more is only noise
		l.mask(l.problems)
		return nil, l.problems.Err()
	}
	doc := defaultDocument()
	l.problems = append(l.problems, all.file.Decode(&doc)...)
	l.own(doc)
	l.inbaskets(doc)
	l.targets(doc)
	l.results(doc)
	l.frontOffices(doc)
	l.routes(doc)
	l.folders()
	l.c.Warnings.Sort()
	l.mask(l.problems)
	l.mask(l.c.Warnings)
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return l.c, nil
}

// loader collects problems while it turns a document into a Config.
type loader struct {
	c        *Config
	reg      connectors.Registry
	options  Options
	problems diag.Problems
	literals []string          // secrets that are written out; never printed
	unread   int               // secrets that could not be read here, with Options.Lenient
	vault    *vault            // secrets that are kept sealed
	holder   string            // section and name of the connector that is being read
	held     map[string][]held // what its references gave, by holder
}

func (l *loader) add(p ...diag.Problem) { l.problems = append(l.problems, p...) }

// refuse adds a problem at a place of the file where something is so.
func (l *loader) refuse(is bool, code, message, suggestion string, path ...any) {
	if is {
		l.add(l.c.Problem(code, message, suggestion, path...))
	}
}

// refuseKey is refuse for a key.
func (l *loader) refuseKey(is bool, code, message, suggestion string, path ...any) {
	if is {
		l.add(l.c.file.KeyProblem(code, message, suggestion, path...))
	}
}

// leastMemory is what an idle agent needs.
const leastMemory = 24 << 20

// own takes over what is not a connector.
func (l *loader) own(doc document) {
	c := l.c
	c.Agency, c.Log, c.Control, c.Retention = doc.Agency, doc.Log, doc.Control, doc.Retention
	c.State, c.Monitor, c.Memory = c.Abs(doc.State), doc.Monitor.Address, doc.Memory
	c.Log.File = c.Abs(doc.Log.File)
	l.oneOf("log", "level", c.Log.Level, "debug", "info", "warn", "error")
	l.oneOf("log", "format", c.Log.Format, "json", "console")
	l.refuse(doc.State == "", CodeInvalid, "state needs a folder", "", "state")
	l.refuse(c.Memory != 0 && c.Memory < leastMemory, CodeInvalid, "memory is less than the 24 MiB that an idle agent needs", "leave it out, or name 48MiB or more", "memory")
	if c.Monitor != "" {
		l.address(c.Monitor, "monitor")
	}
	if doc.Listen != nil {
		l.listen(&doc.Listen.Listen)
	}
	l.checkNames("inbaskets", doc.Inbaskets)
	l.checkNames("targets", doc.Targets)
	l.checkNames("results", doc.Results)
	l.checkNames("front-offices", doc.FrontOffices)
	for _, e := range doc.Routes {
		l.checkName("routes", e.Key)
	}
}

func (l *loader) oneOf(section, key, value string, allowed ...string) {
	l.refuse(!slices.Contains(allowed, value), CodeInvalid, fmt.Sprintf("%s.%s cannot be %q", section, key, value), diag.DidYouMean(value, allowed), section, key)
}

func (l *loader) inbaskets(doc document) {
	for _, e := range doc.Inbaskets {
		d, config, ok := l.instance(connectors.RoleInbasket, e, nil, nil)
		if ok {
			l.c.Inbaskets = append(l.c.Inbaskets, Inbasket{Name: e.Key, Definition: d, Config: config})
		}
	}
}

func (l *loader) results(doc document) {
	for _, e := range doc.Results {
		d, config, ok := l.instance(connectors.RoleResults, e, nil, nil)
		if ok {
			l.c.Results = append(l.c.Results, Results{Name: e.Key, Definition: d, Config: config})
		}
		_, twice := doc.Targets.Get(e.Key)
		l.refuseKey(twice, CodeName, fmt.Sprintf("%q is a target already, and a mapping's answer could mean either", e.Key), "give this source another name", "results", e.Key)
	}
}

func (l *loader) targets(doc document) {
	identities := map[string]string{}
	for _, e := range doc.Targets {
		t := Target{Connector: Connector{Name: e.Key}, TargetOptions: DefaultTarget()}
		keys := []string{"identity", "timeout", "group", "retry", "batch", "file"}
		var ok bool
		t.Definition, t.Config, ok = l.instance(connectors.RoleTarget, e, keys, &t.TargetOptions)
		if t.Identity == "" {
			t.Identity = e.Key
		}
		other, twice := identities[t.Identity]
		l.refuse(twice, CodeName, fmt.Sprintf("the targets %q and %q have the same identity", other, e.Key), "an identity stands for one system for life", "targets", e.Key, "identity")
		identities[t.Identity] = e.Key
		l.targetOptions(&t)
		if ok {
			t.Fingerprint = fingerprint(t.Definition.Type, t.Config)
			l.c.Targets = append(l.c.Targets, t)
		}
	}
}

func (l *loader) targetOptions(t *Target) {
	refuse := func(is bool, code, message, suggestion string, path ...any) {
		l.refuse(is, code, message, suggestion, append([]any{"targets", t.Name}, path...)...)
	}
	refuse(!validName.MatchString(t.Identity), CodeName, fmt.Sprintf("%q cannot be an identity", t.Identity), nameRule, "identity")
	refuse(t.Timeout <= 0, CodeInvalid, "timeout must be more than 0", "", "timeout")
	refuse(t.Group < 0, CodeInvalid, "group must not be negative", "", "group")
	refuse(t.Retry.First <= 0 || t.Retry.Most < t.Retry.First, CodeInvalid, "retry needs first above 0, and most not below first", "", "retry")
	refuse(t.Batch != nil && t.File != nil, CodeShape, "batch and file exclude each other", "keep batch for many forms in one file, or file for one file a form", "file")
	if t.File != nil {
		l.template(t.File.Name, false, "targets", t.Name, "file", "name")
		l.template(t.File.Control, false, "targets", t.Name, "file", "control")
		refuse(t.File.Control != "" && strings.EqualFold(t.File.Control, t.File.Name), CodeTemplate, "the control file has the name of the file", "give it another ending, such as .ok", "file", "control")
	}
	if b := t.Batch; b != nil {
		l.template(b.Name, true, "targets", t.Name, "batch", "name")
		l.template(b.Control, true, "targets", t.Name, "batch", "control")
		refuse(b.Control != "" && strings.EqualFold(b.Control, b.Name), CodeTemplate, "the control file has the name of the batch file", "", "batch", "control")
		l.closing(&b.Close, "targets", t.Name, "batch", "close")
	}
}

func (l *loader) closing(c *Close, path ...any) {
	below := func(more ...any) []any { return slices.Concat(path, more) }
	l.refuse(c.Count == 0 && c.Size == 0 && c.Age == 0 && len(c.At) == 0, CodeMissingLimit, "the batch never closes by this", "give count, size, age or at", path...)
	l.refuse(c.Count < 0 || c.Size < 0, CodeInvalid, "count and size must not be negative", "", path...)
	for i, s := range c.At {
		t, err := batch.ParseTimeOfDay(s)
		l.refuse(err != nil, CodeTime, fmt.Sprintf("%q is not a time of day", s), "write hours and minutes, such as 18:00", below("at", i)...)
		c.times = append(c.times, t)
	}
	var err error
	c.location, err = time.LoadLocation(c.Zone) // empty is UTC
	l.refuse(err != nil, CodeTime, fmt.Sprintf("%q is not a time zone", c.Zone), "write one such as Europe/Berlin, or UTC", below("zone")...)
}

func (l *loader) frontOffices(doc document) {
	hashes := map[string]string{}
	for _, e := range doc.FrontOffices {
		f := FrontOffice{Name: e.Key}
		var o office
		push := l.hasConnector(connectors.RoleFrontOffice, e.Value)
		if push {
			d, config, ok := l.instance(connectors.RoleFrontOffice, e, []string{"tokens", "quota"}, &o)
			if ok {
				f.Push = &Connector{Name: e.Key, Definition: d, Config: config}
			}
		} else {
			l.add(l.plain(e.Value, []string{"tokens", "quota"}, l.reg.Types(connectors.RoleFrontOffice), &o)...)
		}
		l.quota(e.Key, o.Quota)
		f.Quota = o.Quota
		if len(o.Tokens) > 2 {
			l.add(o.Tokens[2].Problem(CodeToken, "a front office has two tokens at most: the current one and the one that replaces it", "remove the oldest"))
		}
		for _, n := range o.Tokens {
			hash, ok := l.token(n)
			if other, twice := hashes[hash]; ok && twice {
				l.add(n.Problem(CodeToken, fmt.Sprintf("the front office %q has this token as well", other), "make one for each by: inbasket token new OFFICE"))
			}
			if ok {
				hashes[hash] = e.Key
				f.Tokens = append(f.Tokens, hash)
			}
		}
		l.c.FrontOffices = append(l.c.FrontOffices, f)
	}
}

// refuseReference refuses a reference where no secret belongs: it would be taken as it stands.
func refuseReference(n *diag.Node) diag.Problems {
	if !reference.MatchString(strings.TrimSpace(n.Text)) {
		return nil
	}
	return diag.Problems{n.Problem(CodeReference, "references are read for secrets only", "write the value itself")}
}
