package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/secret"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
)

const canary = "canary-7f3a"

// ageWorld is a folder with an age file that holds the secret register, its key, and a configuration.
func ageWorld(t *testing.T, config string) (path string) {
	t.Helper()
	dir := t.TempDir()
	key, _, err := secret.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "age.key"), key, 0o600)
	store, err := secret.OpenAge(filepath.Join(dir, "secrets.age"), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Set("register", canary); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "inbasket.yaml")
	write(t, path, config, 0o600)
	return path
}

const ageConfig = `agency: A
inbaskets: {in: {folder: {path: in}}}
targets:
  register: {postgres: {host: h, user: u, password: "${age:register}"}}
routes: {r: {from: in, mapping: m.yaml}}
`

func TestAgeReference(t *testing.T) {
	path := ageWorld(t, ageConfig+"secrets: {age: {identity: \"${file:age.key}\"}}\n")
	c, err := Load(path, registry(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(c.Targets[0].Config.(*database).Password); got != canary {
		t.Errorf("got %q", got)
	}
	// A secret that is changed counts from the next load on, and as a change of its target.
	store, kind, err := SecretStore(path, "", os.Getenv)
	if err != nil || kind != "age" {
		t.Fatal(kind, err)
	}
	if err := store.Set("register", "changed"); err != nil {
		t.Fatal(err)
	}
	next, err := Load(path, registry(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if changes := next.Diff(c); len(changes) != 1 || changes[0].Name != "register" || strings.Contains(fmt.Sprint(changes), canary) {
		t.Errorf("changes: %v", changes)
	}
	if c.Targets[0].Fingerprint != next.Targets[0].Fingerprint {
		t.Error("another password is not another system")
	}
}

// What can be wrong with sealed secrets is told at the place of the reference, without the secret.
func TestSealedProblems(t *testing.T) {
	other, _, err := secret.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ block, want string }{
		"not configured": {"", "secrets.age is not configured"},
		"no key":         {"secrets: {age: {file: secrets.age}}", "no key that can be used"},
		"key is gone":    {"secrets: {age: {identity: \"${file:gone.key}\"}}", "gone.key: no such file"},
		"not its key":    {"secrets: {age: {identity: \"${env:OTHER}\"}}", "this key does not open it"},
		"no key at all":  {"secrets: {age: {identity: \"${env:NONSENSE}\"}}", "it is no age identity"},
		"in itself":      {"secrets: {age: {identity: \"${age:register}\"}}", "cannot lie in the age file"},
		"file is gone":   {"secrets: {age: {file: gone.age, identity: \"${file:age.key}\"}}", "gone.age: no such file"},
		"written out":    {"secrets: {age: {identity: " + strings.TrimSpace(strings.Split(other, "\n")[1]) + "}}", "the age key is written out"},
	} {
		if runtime.GOOS == "windows" {
			c.want = strings.Replace(c.want, "no such file", "cannot find the file", 1)
		}
		path := ageWorld(t, ageConfig+c.block+"\n")
		env := map[string]string{"OTHER": other, "NONSENSE": canary}
		_, err := Load(path, registry(), Options{Getenv: func(k string) string { return env[k] }})
		var p diag.Problems
		if !errors.As(err, &p) || !strings.Contains(p.Format(), c.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := p.Format(); strings.Contains(s, canary) || strings.Contains(s, "AGE-SECRET-KEY") {
			t.Errorf("%s: the problem shows a secret:\n%s", name, s)
		}
	}
	path := ageWorld(t, strings.Replace(ageConfig, "age:register", "age:regsiter", 1)+"secrets: {age: {identity: \"${file:age.key}\"}}\n")
	var p diag.Problems
	if _, err := Load(path, registry(), Options{}); !errors.As(err, &p) || !strings.Contains(p.Format(), "inbasket secret set regsiter") {
		t.Errorf("a name that is not there: %v", err)
	}
}

func TestSealedByWindowsOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the service test of Windows shows it") // this is the other half
	}
	path := ageWorld(t, strings.Replace(ageConfig, "age:register", "dpapi:register", 1))
	write(t, filepath.Join(filepath.Dir(path), "secrets-register"), "x", 0o600)
	if err := os.Mkdir(filepath.Join(filepath.Dir(path), "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(path), "secrets", "register.dpapi"), "x", 0o600)
	var p diag.Problems
	if _, err := Load(path, registry(), Options{}); !errors.As(err, &p) || !strings.Contains(p.Format(), "DPAPI is a part of Windows") {
		t.Errorf("dpapi on this system: %v", err)
	}
}

// Where a configuration is only looked at, secrets that are not there are warnings.
func TestSealedLenient(t *testing.T) {
	path := ageWorld(t, ageConfig+"secrets: {age: {identity: \"${credential:age-key}\"}}\n")
	c, err := Load(path, registry(), Options{Lenient: true, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) == 0 || !strings.Contains(c.Warnings.Format(), "credential") {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if got := c.Credentials(); len(got) != 1 || got[0] != "age-key" {
		t.Errorf("a service must be given %v", got)
	}
}

// Nothing that is printed of a configuration holds a secret, whatever way the secret came and however wrong
// the rest is.
func TestCanary(t *testing.T) {
	dir := t.TempDir()
	creds := t.TempDir()
	write(t, filepath.Join(dir, "pw"), canary+"-file\n", 0o600)
	write(t, filepath.Join(creds, "register"), canary+"-credential\n", 0o600)
	key, _, err := secret.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	store, err := secret.OpenAge(filepath.Join(dir, "secrets.age"), key)
	if err == nil {
		err = store.Set("sealed", canary+"-age")
	}
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PW": canary + "-env", "KEY": key, "CREDENTIALS_DIRECTORY": creds}
	load := func(src string) (*Config, error) {
		return Parse(filepath.Join(dir, "inbasket.yaml"), []byte(src), registry(), Options{Getenv: func(k string) string { return env[k] }})
	}
	const all = `agency: A
secrets: {age: {identity: "${env:KEY}"}}
inbaskets: {in: {folder: {path: in}}}
targets:
  a: {postgres: {host: h, user: u, password: "${file:pw}"}}
  b: {postgres: {host: h, user: u, password: "${env:PW}"}}
  c: {postgres: {host: h, user: u, password: "${credential:register}"}}
  d: {postgres: {host: h, user: u, password: "${age:sealed}"}}
routes: {r: {from: in, mapping: m.yaml}}
`
	c, err := load(all)
	if err != nil {
		t.Fatal(err)
	}
	env["PW"] += "2"
	next, err := load(all)
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{
		"config":  fmt.Sprintf("%v %+v %#v", c, c, c),
		"diff":    fmt.Sprintf("%+v", next.Diff(c)),
		"targets": fmt.Sprintf("%+v %#v %v", c.Targets[0].Config, c.Targets[1].Config, c.Targets[3]),
		"paths":   fmt.Sprint(c.Paths(), c.Credentials()),
	}
	for name, broken := range map[string]string{
		"unknown keys":    strings.ReplaceAll(all, "host: h", "hots: h"),
		"written out":     strings.ReplaceAll(all, "${age:sealed}", canary+"-here"),
		"half a secret":   strings.ReplaceAll(all, "${age:sealed}", "${age:sealed} "+canary),
		"a syntax error":  strings.ReplaceAll(all, `"${age:sealed}"`, canary+`": [`),
		"a misspelt key":  strings.ReplaceAll(all, `password: "${age:sealed}"`, "pasword: "+canary),
		"in quotes":       strings.ReplaceAll(all, `password: "${age:sealed}"`, `pass-word: "`+canary+` x"`),
		"a list":          strings.ReplaceAll(all, `"${age:sealed}"`, "["+canary+"]"),
		"as a token":      all + "front-offices: {p: {tokens: [" + canary + "]}}\n",
		"the key":         strings.ReplaceAll(all, `"${env:KEY}"`, canary),
		"a kind unknown":  strings.ReplaceAll(all, "${age:sealed}", "${vault:"+canary+"}"),
		"another's place": strings.ReplaceAll(all, "agency: A", `agency: "${env:PW}"`),
	} {
		if _, err := load(broken); err != nil {
			var p diag.Problems
			errors.As(err, &p)
			printed[name] = p.Format() + err.Error()
		} else {
			t.Errorf("%s is taken", name)
		}
	}
	for name, text := range printed {
		if strings.Contains(text, canary) || strings.Contains(text, "AGE-SECRET-KEY-1") {
			t.Errorf("%s shows a secret:\n%s", name, text)
		}
	}
}

// A file that is closed itself is no safer than the folders above it, nor than its owner.
func TestSecretSurroundings(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits") // its access lists are looked at elsewhere
	}
	dir := t.TempDir()
	inner := filepath.Join(dir, "open", "inner")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(inner, "pw"), "x\n", 0o600)
	src := strings.Replace(minimal, "${env:P}", "${file:open/inner/pw}", 1)
	load := func() (p diag.Problems) {
		_, err := Parse(filepath.Join(dir, "c.yaml"), []byte(src), registry(), Options{})
		errors.As(err, &p)
		return p
	}
	for _, c := range []struct {
		mode os.FileMode
		want string
	}{{0o777, "everybody can replace"}, {0o777 | os.ModeSticky, ""}, {0o775, ""}, {0o755, ""}} {
		if err := os.Chmod(filepath.Join(dir, "open"), c.mode); err != nil {
			t.Fatal(err)
		}
		p := load()
		if c.want == "" && len(p) != 0 || c.want != "" && (len(p) != 1 || p[0].Code != CodeSecretMode || !strings.Contains(p[0].Message, c.want)) {
			t.Errorf("a folder above it with mode %v: %v", c.mode, p)
		}
	}
	if os.Geteuid() != 0 {
		return // only root can give a file away
	}
	if err := os.Chown(filepath.Join(inner, "pw"), 4711, 4711); err != nil {
		t.Fatal(err)
	}
	if p := load(); len(p) != 0 {
		t.Errorf("root looks at it for an account that it does not know: %v", p)
	}
	if err := os.Chmod(filepath.Join(inner, "pw"), 0o640); err != nil {
		t.Fatal(err)
	}
	if p := load(); len(p) != 1 || !strings.Contains(p[0].Message, "by its group") {
		t.Errorf("readable by the group of an account: %v", p)
	}
}

// A password within a connection string is not printed either with the line that something else is wrong in.
func TestPasswordsInsideAreHidden(t *testing.T) {
	for _, line := range []string{
		`dsn: "host=db1 user=u password=canary dbname=x", usr: q`,
		`dsn: "host=db1 user=u password='can ary' dbname=x"`,
		`dsn: "Server=db1;Pwd=canary;Database=x"`,
		`dsn: "postgres://u:canary@db1/x"`,
		`dsn: "postgres://u:can@ary@db1/x"`,
		`dsn: "u:canary@tcp(db1:3306)/x"`,
		`dsn: "u/canary@db1:1521/x"`,
		`url: https://:canary@db1/x`,
		`dsn: 'file:x.db?_pass=canary&mode=rw'`,
	} {
		list := diag.Problems{{Source: line}}
		maskLooks(list)
		got := list[0].Source
		if strings.Contains(got, "ary") || !strings.Contains(got, "**") || len([]rune(got)) != len([]rune(line)) {
			t.Errorf("%s\n%s", line, got)
		}
	}
	for _, line := range []string{`url: https://db1:8080/x@y`, `mail: a@b.example`, `dsn: "host=db1 user=u dbname=x"`, `url: "https://${env:U}/x"`, `match: "*.json", at: 18:00`} {
		list := diag.Problems{{Source: line}}
		if maskLooks(list); strings.Contains(list[0].Source, "**") && !strings.Contains(line, "x@y") {
			t.Errorf("%s\n%s", line, list[0].Source)
		}
	}
}

// A password within a longer value cannot be a reference; the sysadmin is told, without it.
func TestPasswordInsideIsToldOf(t *testing.T) {
	for host, warned := range map[string]bool{"u:canary@db1": true, "host=db1 password=canary": true, "db1:5432": false, "host=db1 user=u": false} {
		c := parse(t, strings.Replace(minimal, "host: h,", fmt.Sprintf("host: %q,", "//"+host), 1))
		told := c.Warnings.Format()
		if strings.Contains(told, "written out within") != warned || strings.Contains(told, "canary") {
			t.Errorf("%s: %s", host, told)
		}
	}
}

// TestSecretIn is the table of texts that have a password within them, and of those that only look like it.
func TestSecretIn(t *testing.T) {
	for _, text := range []string{"host=db1 user=u password=canary dbname=x", "host=db1 password='can ary'", "Server=db1;Pwd=canary;Database=x", "postgres://u:canary@db1/x",
		"postgres://u:can@ary@db1/x", "u:canary@tcp(db1:3306)/x", "u/canary@db1:1521/x", "https://:canary@db1/x", "file:x.db?_pass=canary&mode=rw", "sslpassword=canary",
		"a=1&client_secret=canary", "scott/tiger@orcl", "Server=db1;User Password=canary", "api-key=canary9"} {
		if !secretIn("dsn", text) {
			t.Errorf("not told of: %s", text)
		}
	}
	for _, text := range []string{"host=db1 user=u dbname=x", "host=db1 user=u password= dbname=x", "Server=db1;Password=;Database=x", "postgres://u@db1/x", "postgres://u:@db1/x", "postgres://db1:5432/x@y",
		"https://db1:8443/hook@v2", "password=${env:PW}", "postgres://u:${env:PW}@db1/x", "host=db1 bypass=yes passive=true", "password_encryption=scram", "trusted_connection=yes; token_type=bearer",
		"host=db1 passfile=/etc/pw", "password=?", "password = :pw", "sslmode=require channel_binding=require", "mailto:a@b.example", "password=required", "//host:21/in@x"} {
		if secretIn("dsn", text) {
			t.Errorf("a false alarm: %s", text)
		}
	}
	for _, text := range []string{"in/a@b.json", "c:/dir/x@y", "Bauamt:info@example.org", "u/canary@db1"} {
		if secretIn("path", text) {
			t.Errorf("a false alarm: %s", text)
		}
	}
}

// Only what has a secret that cannot be read counts, not what needs none.
func TestUnlit(t *testing.T) {
	src := strings.Replace(minimal, "targets: {", `targets: {open: {postgres: {host: h}}, `, 1)
	c, err := Parse("/etc/inbasket/inbasket.yaml", []byte(src), registry(), Options{Lenient: true, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	if !c.SecretUnread(connectors.RoleTarget, "db") || c.SecretUnread(connectors.RoleTarget, "open") || c.SecretUnread(connectors.RoleInbasket, "in") {
		t.Errorf("unread: %v", c.secretUnread)
	}
}

// A connector may read again what its secrets refer to, also more than once and of any kind, and only its own.
func TestRereadSecrets(t *testing.T) {
	path := ageWorld(t, strings.Replace(ageConfig, "targets:\n", "targets:\n  file: {postgres: {host: h, user: u, password: \"${file:pw}\"}}\n", 1)+
		"secrets: {age: {identity: \"${file:age.key}\"}}\n")
	pw := filepath.Join(filepath.Dir(path), "pw")
	write(t, pw, "first\n", 0o600)
	c, err := Load(path, registry(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	file, sealed := c.Env(connectors.RoleTarget, "file", "", nil, nil), c.Env(connectors.RoleTarget, "register", "", nil, nil)
	expect := func(e connectors.Env, old, want string, changed bool) {
		t.Helper()
		if now, other := e.Reread(connectors.Secret(old)); string(now) != want || other != changed {
			t.Errorf("%q became %q, %v", old, string(now), other)
		}
	}
	expect(file, "first", "first", false)
	for _, next := range []string{"second", "third"} {
		old := strings.TrimSpace(content(t, pw))
		write(t, pw, next, 0o600)
		expect(file, old, next, true)
	}
	expect(file, "first", "third", true) // another connection of the same connector
	expect(file, "never", "never", false)
	expect(sealed, "third", "third", false) // not its own
	store, _, err := SecretStore(path, "", os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Set("register", "changed"); err != nil {
		t.Fatal(err)
	}
	expect(sealed, canary, "changed", true)
	if err := os.Remove(pw); err != nil {
		t.Fatal(err)
	}
	expect(file, "third", "third", false) // it cannot be read: the old one is all there is
	expect(connectors.Env{}, "x", "x", false)
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
