package examples

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// permitOffice is the building-permit example as it stands in configs, with the addresses of test servers.
type permitOffice struct {
	t          *testing.T
	dir, token string
	db         *sql.DB
	ftp        *servers.FTP
	at         agent.Addresses
}

func newPermitOffice(t *testing.T) *permitOffice {
	dsn := servers.PostgreSQL(t)
	o := &permitOffice{t: t, dir: t.TempDir(), ftp: servers.VSFTPD(t, servers.FTPOptions{TLS: true})}
	o.must(os.CopyFS(o.dir, os.DirFS(filepath.Join(root, "building-permit"))))
	var hash string
	o.token, hash = frontoffice.NewToken()
	creds := filepath.Join(o.dir, "creds")
	o.must(os.Mkdir(creds, 0o700))
	u, err := url.Parse(dsn)
	o.must(err)
	password, _ := u.User.Password()
	for name, text := range map[string]string{"portal.token.sha256": hash, "creds/register": password, "creds/mainframe": o.ftp.Password} {
		o.must(os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600))
	}
	o.must(os.Mkdir(filepath.Join(o.dir, "in"), 0o700))
	o.db, err = sql.Open("pgx", dsn)
	o.must(err)
	t.Cleanup(func() { _ = o.db.Close() })
	ddl, err := os.ReadFile(filepath.Join(o.dir, "sql", "register.postgres.sql"))
	o.must(err)
	_, err = o.db.Exec(string(ddl))
	o.must(err)
	o.adapt(
		"host: db1.example, database: register, user: inbasket,", fmt.Sprintf("host: %s, port: %s, database: %s, user: %s, create-ledger: true,",
			u.Hostname(), u.Port(), strings.TrimPrefix(u.Path, "/"), u.User.Username()),
		"tls: {mode: verify-full}", "tls: {mode: disable}",
		"host1.example:21", o.ftp.Addr, "user: batch", "user: "+o.ftp.User, "dir: /IN", "dir: "+o.ftp.Dir,
		"tls: {mode: explicit}", "tls: {mode: explicit, ca: "+o.ftp.CAFile+"}",
		"count: 5000", "count: 2", "127.0.0.1:8470", "127.0.0.1:0", "agency:", "monitor: off\nagency:",
		`webhook: {url: "https://portal.example/hooks/inbasket", secret: "${credential:hook}"}`, "# no webhook here")
	return o
}

func (o *permitOffice) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// adapt replaces texts of the configuration, each of which must be there.
func (o *permitOffice) adapt(pairs ...string) {
	o.t.Helper()
	path := filepath.Join(o.dir, "inbasket.yaml")
	raw, err := os.ReadFile(path)
	o.must(err)
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			o.t.Fatalf("the example's configuration no longer has %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	o.must(os.WriteFile(path, []byte(text), 0o600))
}

// run runs the agent until the test ends.
func (o *permitOffice) run() {
	o.t.Helper()
	o.at = runAgent(o.t, filepath.Join(o.dir, "inbasket.yaml"), map[string]string{"CREDENTIALS_DIRECTORY": filepath.Join(o.dir, "creds")})
}

// runAgent runs an agent until the test ends, and returns where it is.
func runAgent(t *testing.T, path string, env map[string]string) (at agent.Addresses) {
	t.Helper()
	cfg, err := config.Load(path, all.Registry(), config.Options{Getenv: func(k string) string { return env[k] }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan agent.Addresses, 1), make(chan error, 1)
	a, err := agent.New(ctx, agent.Options{Config: cfg, Log: zerolog.Nop(), Ready: func(at agent.Addresses) { ready <- at }})
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- a.Run(ctx) }()
	select {
	case at = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return at
}

func (o *permitOffice) until(what string, ok func() bool) { o.t.Helper(); until(o.t, what, ok) }

// until waits for what an agent does by itself.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, limit := time.NewTicker(20*time.Millisecond), time.After(60*time.Second)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited in vain: ", what)
		}
	}
}

func (o *permitOffice) get(path string) string {
	o.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+o.at.FrontOffice+path, nil)
	o.must(err)
	req.Header.Set("Authorization", "Bearer "+o.token)
	resp, err := http.DefaultClient.Do(req)
	o.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	o.must(err)
	return string(b)
}

// TestBuildingPermitForReal runs the example on PostgreSQL and vsftpd with TLS: two tables, a line of the batch,
// the decision and the permit.
func TestBuildingPermitForReal(t *testing.T) {
	o := newPermitOffice(t)
	o.run()
	form, err := os.ReadFile(filepath.Join(o.dir, "mappings", "samples", "typical.json"))
	o.must(err)
	for _, n := range []string{"17", "18"} {
		text := strings.ReplaceAll(string(form), "BP-2026-000017", "BP-2026-0000"+n)
		o.must(os.WriteFile(filepath.Join(o.dir, "in", n+".json"), []byte(text), 0o600))
	}
	batch := filepath.Join(o.ftp.Root, "PERM000001.DAT")
	o.until("batch", func() bool { _, err := os.Stat(batch); return err == nil })
	raw, err := os.ReadFile(batch)
	o.must(err)
	lines := strings.Split(string(raw), "\r\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], "H000001") || !strings.HasPrefix(lines[1], "NBP-2026-0000") || lines[3] != "T000000020000000050000" {
		t.Errorf("batch %q", raw)
	}
	var parcels, caseNo int
	o.until("register", func() bool {
		o.must(o.db.QueryRow(`select count(*) from APPLICATION_PARCEL p join APPLICATION a using (CASE_NO) where a.SURNAME = 'MÜLLER-LÜDENSCHEIDT'`).Scan(&parcels))
		return parcels > 0
	})
	o.must(o.db.QueryRow(`select CASE_NO from APPLICATION where FORM_REF = 'BP-2026-000017'`).Scan(&caseNo))
	if parcels != 4 {
		t.Errorf("%d parcels", parcels)
	}
	_, err = o.db.Exec(`insert into DECISION(CASE_NO, STATUS, PDF) values($1, 'A', $2)`, caseNo, []byte("%PDF the permit"))
	o.must(err)
	o.until("decision", func() bool { return strings.Contains(o.get("/v1/events"), `"type":"decided"`) })
	events := o.get("/v1/events")
	_, rest, _ := strings.Cut(events[strings.Index(events, `"type":"decided"`):], `"submission":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if pdf := o.get("/v1/submissions/" + id + "/documents/1"); pdf != "%PDF the permit" {
		t.Errorf("document %q", pdf)
	}
	status := o.get("/v1/submissions/" + id)
	for _, want := range []string{`"reference":"BP-2026-000017"`, `"approved"`, fmt.Sprintf("%d", caseNo)} {
		if !strings.Contains(status, want) {
			t.Errorf("status without %s: %s", want, status)
		}
	}
	o.until("marked", func() bool {
		var n int
		return o.db.QueryRow(`select count(*) from DECISION where SENT is not null`).Scan(&n) == nil && n == 1
	})
}
