package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
)

const everywhere = `agency: A
state: /var/lib/inbasket
listen: {address: "127.0.0.1:0", tls: {cert: /etc/ssl/agent.pem, key: /etc/ssl/agent.key}}
secrets: {age: {identity: "${credential:age-key}"}}
log: {file: /var/log/inbasket/agent.log}
inbaskets:
  permits: {folder: {path: /srv/forms, after: {move: /srv/done}, errors: ../bad}}
  relative: {folder: {path: forms}}
targets:
  register: {sqlite: {path: /srv/db/register.db}}
  dsn: {sqlite: {dsn: "file:///srv/d%C3%A4/x.db?mode=rw"}}
  memory: {sqlite: {dsn: "file::memory:"}}
  socket: {postgres: {host: /run/postgresql, database: r, user: u, password: "${credential:register}", tls: {ca: /etc/ca.pem}}}
  drop: {folder: {path: /srv/drop}, file: {name: "{id}.xml"}}
  far: {ftp: {address: h, user: u, password: "${file:/etc/inbasket/ftp.password}", tls: {ca: /etc/ftp.pem}}, file: {name: "{id}.xml"}}
results:
  answers: {folder: {path: /srv/answers}}
front-offices:
  portal: {tokens: ["${credential:portal}", "${credential:register}"], webhook: {url: "https://p.example/", secret: "${credential:hook}", ca: /etc/hook.pem}}
routes:
  r: {from: [permits, relative], mapping: /srv/mappings/m.yaml}
`

// TestPaths finds every path in a configuration that names one in every place there is.
// TestLocateEmpty finds the usual place where the file says nothing yet.
func TestLocateEmpty(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inbasket.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := config.Locate(path); err != nil || p.State != filepath.Join(filepath.Dir(path), "state") {
		t.Errorf("%+v %v", p, err)
	}
}

func TestPaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the paths are those of Linux")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	c, err := config.Parse("/etc/inbasket/inbasket.yaml", []byte(everywhere), all.Registry(), config.Options{Lenient: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Path{
		{"/etc/inbasket", false, ""},
		{"/etc/ssl/agent.pem", false, "listen.tls"}, {"/etc/ssl/agent.key", false, "listen.tls"},
		{"/var/log/inbasket", true, "log.file"},
		{"/srv/forms", true, "inbaskets.permits"}, {"/srv/done", true, "inbaskets.permits"}, {"/srv/bad", true, "inbaskets.permits"},
		{"/etc/inbasket/forms", true, "inbaskets.relative"},
		{"/srv/db", true, "targets.register"}, {"/srv/dä", true, "targets.dsn"},
		{"/run/postgresql", false, "targets.socket"}, {"/etc/ca.pem", false, "targets.socket"},
		{"/srv/drop", true, "targets.drop"}, {"/etc/ftp.pem", false, "targets.far"},
		{"/srv/answers", true, "results.answers"}, {"/etc/hook.pem", false, "front-offices.portal"},
		{"/srv/mappings", false, "routes.r"}, {"/etc/inbasket/secrets.age", false, "secrets.age"}, {"/etc/inbasket/ftp.password", false, "secret"},
	}
	for i := range want {
		want[i].Path = filepath.FromSlash(want[i].Path)
	}
	if d := cmp.Diff(want, c.Paths()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"age-key", "register", "portal", "hook"}, c.Credentials()); d != "" {
		t.Error(d)
	}
}
