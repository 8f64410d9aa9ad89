package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

var update = flag.Bool("update", false, "write golden files anew")

type folder struct {
	Path  string        `yaml:"path" doc:"the folder"`
	Quiet time.Duration `yaml:"quiet" doc:"how long it must stand still"`
	After struct {
		Move string `yaml:"move" doc:"done folder"`
	} `yaml:"after" doc:"afterwards"`
}

func (f *folder) Validate() error {
	var errs []error
	if f.Path == "" {
		errs = append(errs, errors.New("path is missing"))
	}
	if f.After.Move == "/" {
		errs = append(errs, errors.New("after.move: not the root"))
	}
	return errors.Join(errs...)
}

type database struct {
	Host     string            `yaml:"host" doc:"where"`
	User     string            `yaml:"user" doc:"who"`
	Password connectors.Secret `yaml:"password" doc:"how"`
}

type hook struct {
	URL    string            `yaml:"url" doc:"address"`
	Secret connectors.Secret `yaml:"secret" doc:"signing secret"`
}

func registry() connectors.Registry {
	f := func() folder { return folder{Quiet: 2 * time.Second} }
	return connectors.Registry{
		connectors.DefineInbasket("folder", "A folder.", f, func(connectors.Env, folder) (connectors.Inbasket, error) { return nil, nil }),
		connectors.DefineTarget("postgres", "A database.", func() database { return database{} }, func(connectors.Env, database) (connectors.Target, error) { return nil, nil }),
		connectors.DefineTarget("folder", "A file drop.", f, func(connectors.Env, folder) (connectors.Target, error) { return nil, nil }),
		connectors.DefineResults("folder", "Answer files.", f, func(connectors.Env, folder) (connectors.ResultSource, error) { return nil, nil }),
		connectors.DefineFrontOffice("webhook", "Push.", func() hook { return hook{} }, func(connectors.Env, hook) (connectors.FrontOffice, error) { return nil, nil }),
	}
}

const good = `agency: Bauamt Musterstadt
state: ./state
listen: {address: "127.0.0.1:8470", proxies: [10.0.0.5, 10.1.0.0/16]}
log: {level: debug, file: log/inbasket.log}
inbaskets:
  permits: {folder: {path: in, quiet: 5s}}
targets:
  register:
    postgres: {host: db1, user: u, password: "${env:DB_PASSWORD}"}
    identity: register-1
    retry: {first: 1s}
  mainframe:
    folder: {path: out}
    batch: {close: {count: 5000, size: 8MiB, age: 1d, at: "18:00", zone: Europe/Berlin}, name: "PERM{seq:06}.DAT", control: "PERM{seq:06}.CTL"}
  licences: {folder: {path: out2}, file: {name: "{reference}.csv"}}
results:
  dog-answers: {folder: {path: answers}}
front-offices:
  city-portal:
    tokens: ["${file:portal.token.sha256}", "sha256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"]
    webhook: {url: "https://portal.example/hook", secret: "${credential:hook}"}
  other: {quota: {rate: 600/min, bytes-per-day: 2GiB, open: 10000}, tokens: "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}
routes:
  building-permit: {from: permits, match: "*.json", mapping: mappings/building-permit.yaml, front-office: city-portal, decide-within: 30d}
  rest: {from: [permits], mapping: mappings/rest.yaml}
`

func setup(t *testing.T) (dir string, o Options) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "portal.token.sha256"), strings.Repeat("a", 64)+"\n", 0o644)
	write(t, filepath.Join(dir, "creds", "hook"), "whsec_x", 0o400)
	env := map[string]string{"DB_PASSWORD": "geheim", "CREDENTIALS_DIRECTORY": filepath.Join(dir, "creds")}
	return dir, Options{Getenv: func(k string) string { return env[k] }}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	dir, o := setup(t)
	write(t, filepath.Join(dir, "inbasket.yaml"), good, 0o644)
	c, err := Load(filepath.Join(dir, "inbasket.yaml"), registry(), o)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != filepath.Join(dir, "state") || c.Log.File != filepath.Join(dir, "log", "inbasket.log") || c.Monitor != DefaultMonitor {
		t.Errorf("%+v", c)
	}
	register, _ := c.Target("register")
	if got := register.Config.(*database); got.Password != "geheim" || register.Identity != "register-1" {
		t.Errorf("%+v", register)
	}
	if register.Retry != (Retry{time.Second, 5 * time.Minute}) || register.Timeout != time.Minute {
		t.Errorf("defaults: %+v", register.TargetOptions)
	}
	mainframe, _ := c.Target("mainframe")
	p := mainframe.Batch.Policy()
	if p.Count != 5000 || p.Size != 8<<20 || p.Age != 24*time.Hour || len(p.At) != 1 || p.At[0].Hour != 18 || p.Zone.String() != "Europe/Berlin" {
		t.Errorf("%+v", p)
	}
	portal, _ := c.FrontOffice("city-portal")
	if d := cmp.Diff([]string{strings.Repeat("a", 64), strings.Repeat("b", 64)}, portal.Tokens); d != "" {
		t.Error(d)
	}
	if portal.Push == nil || portal.Push.Config.(*hook).Secret != "whsec_x" {
		t.Errorf("%+v", portal.Push)
	}
	if other, _ := c.FrontOffice("other"); other.Quota == nil || *other.Quota != (Quota{Rate{600, time.Minute}, 2 << 30, 10000}) || other.Quota.Rate.String() != "600/min" || portal.Quota != nil {
		t.Errorf("%+v", other.Quota)
	}
	if l := c.Listen; l.Connections != 1024 || len(l.Proxies) != 2 {
		t.Errorf("%+v", l)
	}
	if r, ok := c.RouteFor("permits", "a.json"); !ok || r.Name != "building-permit" || r.Mapping != filepath.Join(dir, "mappings", "building-permit.yaml") || r.DecideWithin != 720*time.Hour {
		t.Errorf("%+v", r)
	}
	if r, _ := c.RouteFor("permits", "a.xml"); r.Name != "rest" {
		t.Errorf("%+v", r)
	}
	if routes := c.RoutesOf("city-portal"); len(routes) != 1 {
		t.Errorf("%+v", routes)
	}
	if e := c.Env(connectors.RoleTarget, "register", "register-1", nil, nil); e.Dir != dir || e.Scratch != filepath.Join(dir, "state", "scratch", "targets", "register-1") {
		t.Errorf("%+v", e)
	}
}

// TestGolden compares what is said about each wrong file with the text beside it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(filepath.Base(name), src, registry(), Options{Getenv: func(string) string { return "" }})
		var p diag.Problems
		if !errors.As(err, &p) {
			t.Fatalf("%s: %v", name, err)
		}
		got, golden := p.Format(), strings.TrimSuffix(name, ".yaml")+".golden"
		for _, secret := range []string{"hunter2", "ibk_live"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: the problem prints a secret", name)
			}
		}
		if *update {
			write(t, golden, got, 0o644)
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (run with -update if it is right):\n%s", name, d)
		}
	}
}

func TestUnreadable(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "no.yaml"), registry(), Options{})
	var p diag.Problems
	if !errors.As(err, &p) || p[0].Code != CodeRead {
		t.Fatal(err)
	}
}

func TestLenient(t *testing.T) {
	dir, o := setup(t)
	o.Getenv = func(string) string { return "" }
	if _, err := Parse(filepath.Join(dir, "inbasket.yaml"), []byte(good), registry(), o); err == nil {
		t.Error("secrets that are not there were not noticed")
	}
	o.Lenient = true
	c, err := Parse(filepath.Join(dir, "inbasket.yaml"), []byte(good), registry(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 2 {
		t.Errorf("%v", c.Warnings)
	}
}

func TestSecretFiles(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows has no mode bits")
	}
	dir := t.TempDir()
	group := CodeSecretMode // of what root does not own
	if os.Geteuid() == 0 {
		group = ""
	}
	for name, c := range map[string]struct {
		mode os.FileMode
		text string
		want string
	}{
		"ok":      {0o600, "x\n", ""},
		"group":   {0o640, "x\n", group},
		"world":   {0o644, "x\n", CodeSecretMode},
		"changed": {0o620, "x\n", CodeSecretMode},
		"empty":   {0o600, "\n", CodeSecret},
		"large":   {0o600, strings.Repeat("x", secret.MaxSize+1), CodeSecret},
	} {
		path := filepath.Join(dir, name)
		write(t, path, c.text, c.mode)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		src := strings.Replace(minimal, "${env:P}", "${file:"+name+"}", 1)
		_, err := Parse(filepath.Join(dir, "c.yaml"), []byte(src), registry(), Options{})
		var p diag.Problems
		errors.As(err, &p)
		if c.want == "" && err != nil || c.want != "" && (len(p) != 1 || p[0].Code != c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const minimal = `agency: a
inbaskets: {in: {folder: {path: in}}}
targets: {db: {postgres: {host: h, password: "${env:P}"}}}
routes: {r: {from: in, mapping: m.yaml}}
`

func parse(t *testing.T, src string) *Config {
	t.Helper()
	c, err := Parse("/etc/inbasket/inbasket.yaml", []byte(src), registry(), Options{Getenv: func(k string) string { return "value of " + k }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFingerprint(t *testing.T) {
	base := parse(t, minimal).Targets[0].Fingerprint
	if again := parse(t, strings.Replace(minimal, "${env:P}", "${env:Q}", 1)).Targets[0].Fingerprint; again != base {
		t.Error("a new password is another system")
	}
	if other := parse(t, strings.Replace(minimal, "host: h", "host: h2", 1)).Targets[0].Fingerprint; other == base {
		t.Error("another host is the same system")
	}
	if a, b := anonymous("postgres://u:p@h/db"), anonymous("postgres://h/db"); a != b {
		t.Error(a, b)
	}
	if a, b := anonymous("host=h user=u password='a b' dbname=d"), anonymous("host=h   dbname=d"); a != b {
		t.Errorf("%q %q", a, b)
	}
}

func TestDiff(t *testing.T) {
	old := parse(t, minimal)
	for name, c := range map[string]struct {
		from, to string
		want     []Change
	}{
		"same":       {"", "", nil},
		"agency":     {"agency: a", "agency: b", []Change{{"agency", "", Changed}}},
		"re-pointed": {"host: h", "host: h2", []Change{{"targets", "db", RePointed}}},
		"password":   {"env:P", "env:Q", []Change{{"targets", "db", Changed}}},
		"renamed":    {"{db: {postgres", "{db2: {postgres", []Change{{"targets", "db2", Added}, {"targets", "db", Removed}}},
		"route":      {"m.yaml", "n.yaml", []Change{{"routes", "r", Changed}}},
		"state":      {"agency: a", "agency: a\nstate: other", []Change{{"state", "", Restart}}},
		"in-basket":  {"path: in", "path: in2", []Change{{"inbaskets", "in", Changed}}},
	} {
		if d := cmp.Diff(c.want, parse(t, strings.Replace(minimal, c.from, c.to, 1)).Diff(old)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReference(t *testing.T) {
	var b strings.Builder
	Reference(&b, registry())
	for _, want := range []string{"- `agency` (text, required): name of the agency", "### targets: postgres", "- `password` (secret)", "- `batch.close.zone`", "- `after.move`", "default `2s`"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(minimal))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("c.yaml", src, registry(), Options{Getenv: func(string) string { return "x" }, Lenient: true})
		if (c == nil) == (err == nil) {
			t.Fatal("neither a configuration nor an error")
		}
	})
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbasket.yaml")
	for src, want := range map[string]Place{
		"agency: A\nstate: var\ntargets: wrong\n": {Path: path, State: filepath.Join(dir, "var"), Agency: "A"},
		"agncy: A\n": {Path: path, State: filepath.Join(dir, "state")},
	} {
		write(t, path, src, 0o644)
		got, err := Locate(path)
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", src, got, err)
		}
	}
	if _, err := Locate(filepath.Join(dir, "none")); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func TestCheckShapes(t *testing.T) {
	src := `agency: a
inbaskets: {in: {folder: {path: in}}}
targets:
  db: {postgres: {host: h}, file: {name: "{id}"}}
  drop: {folder: {path: x}}
  ok: {folder: {path: y}, file: {name: "{id}"}}
routes: {r: {from: in, mapping: m.yaml}}
`
	p := parse(t, src).CheckShapes(func(name string) (bool, bool) { return name != "db", true })
	if len(p) != 2 || p[0].Line != 4 || p[1].Line != 5 || p[0].Code != CodeShape {
		t.Errorf("%v", p)
	}
	if p := parse(t, src).CheckShapes(func(string) (bool, bool) { return false, false }); p != nil {
		t.Errorf("%v", p)
	}
}

func TestMappings(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbasket.yaml")
	write(t, path, "routes: {a: {mapping: m/a.yaml}, b: {mapping: m/a.yaml}, c: {}, d: x}\n", 0o644)
	if d := cmp.Diff([]string{filepath.Join(dir, "m", "a.yaml")}, Mappings(path)); d != "" {
		t.Error(d)
	}
	if m := Mappings(filepath.Join(dir, "none")); m != nil {
		t.Error(m)
	}
}

// A file that cannot be read as YAML is told by that alone: what is missing in the rest of it nobody knows.
func TestNoNoiseAfterASyntaxError(t *testing.T) {
	_, err := Parse("inbasket.yaml", []byte("agency: A\ntargets: [\n"), connectors.Registry{}, Options{Lenient: true})
	var problems diag.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Code != diag.CodeSyntax {
		t.Errorf("%v", err)
	}
}
