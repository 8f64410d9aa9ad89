package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/diagnose"

	_ "modernc.org/sqlite"
)

// canary is in everything that must not leave: no text of the bundle may hold it, in any encoding.
const canary = "kanarie7Qx"

const canaryConfig = `
agency: Amt kanarie7Qx
state: state-kanarie7Qx
monitor: off
listen: {address: "127.0.0.1:0"}
log: {file: kanarie7Qx.log}
inbaskets:
  permits: {folder: {path: in-kanarie7Qx, match: "*kanarie7Qx*.json|*.json", quiet: 0s, poll: 50ms}}
targets:
  register: {sqlite: {path: kanarie7Qx.db, create-ledger: true}, retry: {first: 10ms, most: 50ms}}
  away: {postgres: {dsn: "host=127.0.0.1 port=1 dbname=kanarie7Qx user=kanarie7Qx password=kanarie7Qx", connect-timeout: 1s}, retry: {first: 10ms, most: 50ms}}
  host: {mariadb: {host: kanarie7Qx.invalid, database: kanarie7Qx, user: kanarie7Qx, password: "${env:PW}", session: ["set @a = 'kanarie7Qx'"], connect-timeout: 1s}, timeout: 2s}
front-offices:
  portal: {tokens: ["${file:token-kanarie7Qx}"], webhook: {url: "http://127.0.0.1:1/kanarie7Qx?kanarie7Qx=1", secret: "${env:HOOK}", allow-private: true}}
routes:
  permit: {from: permits, mapping: kanarie7Qx.yaml, front-office: portal, match: "*kanarie7Qx*"}
`

const canaryMapping = `
mapping: permit
version: 1
input: {format: json, reference: form.ref}
write:
  - as: kanarie7Qx
    to: register
    table: KANARIE7QX
    fields: {REF: form.ref, NAME: form.name}
    key: [REF]
  - as: b
    to: away
    table: T
    fields: {REF: form.ref}
    key: [REF]
`

// aviary is an agent in this process with a canary in everything.
type aviary struct {
	t   *testing.T
	dir string
	env map[string]string
}

func (v *aviary) app(out io.Writer) *cli.App {
	return &cli.App{Stdin: strings.NewReader(""), Stdout: out, Stderr: io.Discard, Getenv: func(k string) string { return v.env[k] }}
}

// do runs a command and returns what it prints.
func (v *aviary) do(args ...string) string {
	v.t.Helper()
	var out bytes.Buffer
	a := v.app(&out)
	if code := execute(v.t.Context(), a, append(args, "--config", filepath.Join(v.dir, "inbasket.yaml"))); code != cli.ExitOK && args[0] != "doctor" {
		v.t.Fatalf("%v: exit %d: %s", args, code, out.String())
	}
	return out.String()
}

func (v *aviary) file(name, content string) {
	v.t.Helper()
	path := filepath.Join(v.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		v.t.Fatal(err)
	}
}

func newAviary(t *testing.T) *aviary {
	v := &aviary{t: t, dir: t.TempDir(), env: map[string]string{
		"PW": "kanarie7Qx", "HOOK": "whsec_" + base64.StdEncoding.EncodeToString([]byte("kanarie7Qxkanarie7Qxkanarie7Qx")),
		"HTTP_PROXY": "http://kanarie7Qx:kanarie7Qx@proxy:1", "TZ": "kanarie7Qx", "LANG": "kanarie7Qx", "kanarie7Qx": "kanarie7Qx"}}
	token := sha256.Sum256([]byte(canary))
	v.file("token-kanarie7Qx", hex.EncodeToString(token[:]))
	v.file("inbasket.yaml", canaryConfig)
	v.file("kanarie7Qx.yaml", canaryMapping)
	v.file("in-kanarie7Qx/form-kanarie7Qx.json", `{"ref": "kanarie7Qx-1", "name": "kanarie7Qx"}`)
	v.file("in-kanarie7Qx/refused-kanarie7Qx.json", `{"ref": "kanarie7Qx-2", "name": "verboten kanarie7Qx"}`)
	v.file("in-kanarie7Qx/broken-kanarie7Qx.json", `{"kanarie7Qx`)
	v.file("in-kanarie7Qx/error/old-kanarie7Qx.json", canary)
	db, err := sql.Open("sqlite", filepath.Join(v.dir, "kanarie7Qx.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`create table KANARIE7QX (REF text primary key, NAME text not null check (NAME not like 'verboten%'))`); err != nil {
		t.Fatal(err)
	}
	return v
}

// run runs the agent until the returned function is called.
func (v *aviary) run() (stop func()) {
	ctx, cancel := context.WithCancel(v.t.Context())
	ended := make(chan int, 1)
	var said bytes.Buffer
	a := v.app(io.Discard)
	a.Stderr = &said
	go func() { ended <- execute(ctx, a, []string{"run", "--config", filepath.Join(v.dir, "inbasket.yaml")}) }()
	return func() {
		cancel()
		if code := <-ended; code != cli.ExitOK {
			v.t.Errorf("the agent ended with %d: %s", code, said.String())
		}
	}
}

// until asks status until it shows what is waited for.
func (v *aviary) until(want ...string) {
	v.t.Helper()
	last := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var out bytes.Buffer
		execute(v.t.Context(), v.app(&out), []string{"status", "--config", filepath.Join(v.dir, "inbasket.yaml")})
		last = out.String()
		if !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(last, w) }) {
			return
		}
	}
	v.t.Fatalf("%q did not come: %s", want, last)
}

// TestDiagnosticsHoldNoCanary looks for what citizens, systems and people wrote in every file of the bundle.
func TestDiagnosticsHoldNoCanary(t *testing.T) {
	v := newAviary(t)
	stop := v.run()
	stopped := false
	defer func() {
		if !stopped {
			stop()
		}
	}()
	v.until("running since", "2 parked", "circuit open")
	v.do("pause", "away", "--reason", canary)
	id := parkedID(t, v)
	v.do("reject", "--reason", canary, "--force", id)
	log, err := os.OpenFile(filepath.Join(v.dir, "kanarie7Qx.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(log, "panic: %s\n{\"level\":\"info\",\"message\":%q,\"code\":%[2]q,\"target\":%[2]q,\"submission\":\"kanarie7qx123\"}\n{\"level\":\"kanarie7Qx\",\"message\":\"ready\"}\n", canary, canary)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	running := []string{"manifest.json", "program.json", "config.json", "status.json", "journal.json", "history.json", "doctor.json", "log.json", "environment.json", "metrics.txt", "goroutines.txt"}
	lookInto(t, v, running)
	lookInto(t, v, running, "--names")
	noCanary(t, "preview", []byte(v.do("diagnostics", "--preview")))
	noCanary(t, "preview as JSON", []byte(v.do("diagnostics", "--preview", "--names", "--json")))
	stopped = true
	stop()
	lookInto(t, v, []string{"manifest.json", "config.json", "journal.json", "history.json", "doctor.json", "log.json"})
	v.file("inbasket.yaml", canaryConfig+"\nkanarie7Qx: kanarie7Qx\n")
	lookInto(t, v, []string{"manifest.json", "program.json", "journal.json", "doctor.json"})
}

// parkedID returns the ID of a parked submission.
func parkedID(t *testing.T, v *aviary) string {
	var list []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(v.do("list", "--state", "parked", "--json")), &list); err != nil || len(list) == 0 {
		t.Fatalf("%v: %v", list, err)
	}
	return list[0].ID
}

// lookInto makes a bundle and looks into every file of it.
func lookInto(t *testing.T, v *aviary, want []string, flags ...string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.zip")
	v.do(append([]string{"diagnostics", "--out", path}, flags...)...)
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil || r.Close() != nil {
			t.Fatal(err)
		}
		files[f.Name] = b
		noCanary(t, f.Name, append([]byte(f.Name+"\n"+f.Comment+"\n"), b...))
	}
	for _, name := range want {
		if len(files[name]) == 0 {
			t.Errorf("%s is missing of %d files", name, len(files))
		}
	}
	var m diagnose.Manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil || len(m.Files) != len(files)-1 {
		t.Fatalf("the manifest lists %d of %d files: %v", len(m.Files), len(files), err)
	}
	for _, e := range m.Files {
		if sum := sha256.Sum256(files[e.Name]); hex.EncodeToString(sum[:]) != e.SHA256 || e.Size != len(files[e.Name]) || e.Why == "" {
			t.Errorf("the manifest is wrong about %s", e.Name)
		}
	}
	if info, err := os.Stat(path); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("the archive may be read by others: %v %v", info.Mode(), err)
	}
}

// noCanary looks for the canary in plain and in encodings.
func noCanary(t *testing.T, where string, b []byte) {
	t.Helper()
	low := bytes.ToLower(b)
	for form, needle := range canaryForms() {
		if i := bytes.Index(low, bytes.ToLower([]byte(needle))); i >= 0 {
			t.Errorf("%s holds the canary (%s): …%s…", where, form, b[max(0, i-60):min(len(b), i+60)])
		}
	}
}

// canaryForms are the ways in which a text may be written; searched for without regard to case.
func canaryForms() map[string]string {
	forms := map[string]string{"plain": canary, "hex": hex.EncodeToString([]byte(canary)), "reversed": "xQ7eiranak"}
	percent, wide := "", ""
	for _, c := range []byte(canary) {
		percent += fmt.Sprintf("%%%02x", c)
		wide += string(rune(c)) + "\x00"
	}
	forms["percent"], forms["utf-16"], forms["query"] = percent, wide, url.QueryEscape(canary)
	// Base64 writes three bytes as four letters: what stands before shifts it.
	for shift := range 3 {
		raw := append(make([]byte, shift), canary...)
		text := base64.StdEncoding.EncodeToString(raw)
		forms[fmt.Sprintf("base64 %d", shift)] = text[4 : len(text)-4]
	}
	return forms
}

func TestDiagnosticsDoNotOverwrite(t *testing.T) {
	v := newAviary(t)
	path := filepath.Join(t.TempDir(), "d.zip")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := execute(t.Context(), v.app(io.Discard), []string{"diagnostics", "--out", path, "--config", filepath.Join(v.dir, "inbasket.yaml")}); code != cli.ExitUsage {
		t.Errorf("exit %d", code)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Errorf("overwritten: %q %v", b, err)
	}
}
