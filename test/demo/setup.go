package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the stand-in for the legacy databases

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/configs"
	"github.com/inbasket/inbasket/connectors/webhook"
	"github.com/inbasket/inbasket/test/ftpserver"
)

// agentConfig is the demo's configuration: the three examples of configs in one agent, everything on this machine.
const agentConfig = `# One agent for the three examples of configs, with everything on this machine.
agency: Stadtverwaltung Musterstadt (demo)
state: state
listen: {address: "127.0.0.1:0"}
monitor: "localhost:0"
inbaskets:
  permits: {folder: {path: in/permits, match: "*.json", quiet: 100ms, poll: 250ms}}
  dogs:    {folder: {path: in/dogs, match: "*.xml", quiet: 100ms, poll: 250ms}}
  claims:  {folder: {path: in/claims, match: "*.json", quiet: 100ms, poll: 250ms}}
targets:
  register: {sqlite: {path: legacy/register.db, create-ledger: true}}
  mainframe:
    ftp: {address: "%s", user: batch, password: "${file:secrets/ftp.password}", dir: /IN, tls: {mode: none}}
    batch: {close: {count: 3, age: 3s, zone: Europe/Berlin}, name: "PERM{seq:06}.DAT"}
  licences:
    folder: {path: legacy/dog-tax/out}
    file: {name: "{reference}.csv", control: "{reference}.ok"}
  claims: {sqlite: {path: legacy/claims.db, create-ledger: true}}
results:
  dog-answers: {folder: {path: legacy/dog-tax/answers, match: "*.csv", quiet: 100ms, poll: 250ms}}
front-offices:
  city-portal:
    tokens: ["${file:secrets/portal.token.sha256}"]
    webhook: {url: "http://%s/hook", secret: "${file:secrets/webhook.secret}", allow-private: true}
routes:
  building-permit: {from: permits, mapping: building-permit/mappings/building-permit.yaml, front-office: city-portal, decide-within: 30d}
  dog-licence: {from: dogs, mapping: dog-licence/mappings/dog-licence.yaml, front-office: city-portal, decide-within: 14d}
  pension: {from: claims, mapping: pension/mappings/pension.yaml, front-office: city-portal, decide-within: 90d}
`

// often makes the register be asked for decisions more often than an office needs it.
const seldom, often = "every: 10s", "every: 250ms"

func (d *demo) path(elem ...string) string {
	return filepath.Join(append([]string{d.dir}, elem...)...)
}

// prepare makes folders, tables, secrets, the FTP server and the front office, and writes the configuration.
func (d *demo) prepare() error {
	for _, name := range []string{"in/permits", "in/dogs", "in/claims", "legacy/dog-tax/out", "legacy/dog-tax/answers", "legacy/mainframe/IN", "secrets", "portal"} {
		if err := os.MkdirAll(d.path(filepath.FromSlash(name)), 0o700); err != nil {
			return err
		}
	}
	if err := copyExamples(d.dir); err != nil {
		return err
	}
	var err error
	if d.register, err = d.database("register.db", "building-permit/sql/register.sql"); err != nil {
		return err
	}
	if d.claims, err = d.database("claims.db", "pension/sql/claims.sql"); err != nil {
		return err
	}
	const password = "demo-only"
	if d.ftp, err = ftpserver.Start(ftpserver.Config{Root: d.path("legacy", "mainframe"), User: "batch", Password: password}); err != nil {
		return err
	}
	token, hash := frontoffice.NewToken()
	secret := webhook.NewSecret()
	if d.portal, err = newPortal(d.screen, token, secret, d.path("portal")); err != nil {
		return err
	}
	return errors.Join(
		d.write("secrets/ftp.password", password),
		d.write("secrets/portal.token", token),
		d.write("secrets/portal.token.sha256", hash),
		d.write("secrets/webhook.secret", secret),
		d.write("inbasket.yaml", fmt.Sprintf(agentConfig, d.ftp.Addr(), d.portal.address())),
	)
}

func (d *demo) write(name, content string) error {
	return os.WriteFile(d.path(filepath.FromSlash(name)), []byte(content), 0o600)
}

// copyExamples writes the embedded examples' mappings below dir.
func copyExamples(dir string) error {
	return fs.WalkDir(configs.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(name, "/mappings") {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		b, err := configs.FS.ReadFile(name)
		if err != nil {
			return err
		}
		if name == "building-permit/mappings/building-permit.yaml" {
			if !strings.Contains(string(b), seldom) {
				return fmt.Errorf("%s has no %q", name, seldom)
			}
			b = []byte(strings.Replace(string(b), seldom, often, 1))
		}
		return os.WriteFile(to, b, 0o600)
	})
}

// database makes a legacy database with an example's tables.
func (d *demo) database(name, ddl string) (*sql.DB, error) {
	tables, err := configs.FS.ReadFile(ddl)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", d.path("legacy", name)+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(string(tables)); err != nil {
		return nil, errors.Join(fmt.Errorf("make the tables of %s: %w", name, err), db.Close())
	}
	return db, nil
}

// sample returns one of the examples' sample files.
func sample(example, name string) ([]byte, error) {
	return configs.FS.ReadFile(example + "/mappings/samples/" + name)
}
