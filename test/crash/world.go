package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"text/template"

	"github.com/jackc/pgx/v5"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/test/servers"
)

var (
	//go:embed world/mapping.yaml
	mappingYAML string
	//go:embed world/inbasket.yaml
	configYAML string
	//go:embed world/notice.yaml
	noticeYAML string
	//go:embed world/form.schema.json
	schemaJSON string
	//go:embed world/tables.sql
	tablesSQL string
)

// world is everything around the agent.
type world struct {
	options
	rand    *rand.Rand
	Dir     string // in-basket, drop and, as a rule, state
	State   string
	base    string // what outlives the agent's disk: binary, logs
	uses    map[string]int
	backups int // tried so far

	db  *servers.Database
	DSN string
	FTP *servers.FTP
	TLS string // of the connection to it; encrypted when the seed is even

	Listen, Monitor, Hook string // addresses
	TokenHash             string

	sender *sender
	office *office
	taker  *taker
	judge  *judge
	disk   *disk            // nil but in power-loss runs
	small  *tmpfs           // of the state; nil but in fault runs
	gate   sync.RWMutex     // held for reading while the agent's disk is used
	fill   int              // bytes that lengthen each line of a batch
	cases  map[string]int64 // case number of applications by reference, as last seen
}

func newWorld(ctx context.Context, o options) (*world, error) {
	base, err := os.MkdirTemp("", "inbasket-crash-")
	if err != nil {
		return nil, err
	}
	w := &world{options: o, rand: rand.New(rand.NewPCG(o.seed, 1)), base: base, Dir: filepath.Join(base, "agent"), uses: map[string]int{}}
	if err := w.build(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) build(ctx context.Context) error {
	if err := os.Mkdir(w.Dir, 0o755); err != nil {
		return err
	}
	if w.power {
		d, err := newDisk(filepath.Join(w.base, "disk"), w.Dir)
		if err != nil {
			return err
		}
		w.disk = d
	}
	w.State = filepath.Join(w.Dir, "state")
	kept := filepath.Join(w.base, "batches")
	for _, dir := range []string{filepath.Join(w.Dir, "in"), filepath.Join(w.Dir, "drop"), w.State, kept} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if w.troubles {
		t, err := newTmpfs(w.State)
		if err != nil {
			return err
		}
		w.small = t
	}
	if err := w.servers(ctx); err != nil {
		return err
	}
	token, hash := frontoffice.NewToken()
	w.TokenHash = hash
	var err error
	if w.office, err = newOffice(token); err != nil {
		return err
	}
	w.Hook = "http://" + w.office.addr + "/hook"
	for _, addr := range []*string{&w.Listen, &w.Monitor} {
		if *addr, err = freeAddress(); err != nil {
			return err
		}
	}
	if err := w.program(ctx); err != nil {
		return err
	}
	w.office.watch(w.Listen)
	w.sender = newSender(filepath.Join(w.Dir, "in"), w.Listen, token, &w.gate)
	w.taker = newTaker(filepath.Join(w.Dir, "drop"), w.FTP.Root, kept, &w.gate, w.power)
	w.judge = newJudge(w.DSN)
	return nil
}

func (w *world) servers(ctx context.Context) (err error) {
	if w.db, err = servers.StartPostgreSQL(servers.Options{Durable: w.troubles}); err != nil {
		return err
	}
	if w.DSN, err = w.db.Create(); err != nil {
		return err
	}
	if err := w.sql(ctx, tablesSQL); err != nil {
		return err
	}
	ftp := servers.FTPOptions{TLS: w.seed%2 == 0}
	w.fill = 300
	if w.troubles {
		w.fill = 20_000
		ftp.Settings = []string{"anon_max_rate=400000"} // slow enough to be cut in the middle of a file
	}
	if w.FTP, err = servers.StartVSFTPD(ftp); err != nil {
		return err
	}
	w.TLS = "{mode: none}"
	if ftp.TLS {
		w.TLS = fmt.Sprintf("{mode: explicit, ca: %q}", w.FTP.CAFile)
	}
	return nil
}

func (w *world) sql(ctx context.Context, text string) error {
	db, err := pgx.Connect(ctx, w.DSN)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	_, err = db.Exec(ctx, text)
	return err
}

// program builds the agent, writes its configuration and creates its ledger.
func (w *world) program(ctx context.Context) error {
	if w.binary == "" {
		w.binary = filepath.Join(w.base, "inbasket")
		cmd := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "./agent/cmd/inbasket")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build the agent: %w\n%s", err, out)
		}
	}
	secrets := map[string]string{
		"CRASH_DB_PASSWORD": "test-only", "CRASH_FTP_PASSWORD": w.FTP.Password,
		"CRASH_HOOK_SECRET": hookSecret,
	}
	for name, value := range secrets {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	t, err := template.New("config").Parse(configYAML)
	if err != nil {
		return err
	}
	var config bytes.Buffer
	if err := t.Execute(&config, w); err != nil {
		return err
	}
	mapping := strings.Replace(mappingYAML, "width: 300", fmt.Sprintf("width: %d", w.fill), 1)
	files := map[string]string{"inbasket.yaml": config.String(), "mapping.yaml": mapping, "notice.yaml": noticeYAML, "form.schema.json": schemaJSON}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(w.base, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	ddl, err := w.command(ctx, "ledger", "ddl", "register")
	if err != nil {
		return err
	}
	return w.sql(ctx, string(ddl))
}

func (w *world) config() string { return filepath.Join(w.base, "inbasket.yaml") }

// command runs one command of the agent and returns its output.
func (w *world) command(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, w.binary, append(args, "--config", w.config())...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("inbasket %s: %w: %s%s", args[0], err, out, stderr.String())
	}
	return out, nil
}

// status returns what the agent says of itself.
func (w *world) status(ctx context.Context) string {
	out, err := w.command(ctx, "status", "--json")
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	if json.Indent(&b, out, "", " ") != nil {
		return string(out)
	}
	return b.String()
}

func (w *world) logTail() string {
	b, _ := os.ReadFile(filepath.Join(w.base, "agent.log"))
	return "the agent's log ends:\n" + string(b[max(0, len(b)-4000):])
}

func (w *world) close() {
	for _, c := range []interface{ close() }{w.sender, w.taker, w.judge, w.office} {
		c.close()
	}
	if w.FTP != nil && !w.keep {
		w.FTP.Close()
	}
	if w.db != nil {
		w.db.Close()
	}
	if w.disk != nil {
		w.disk.close()
	}
	if w.small != nil {
		w.small.close()
	}
	if w.keep {
		fmt.Println("kept:", w.base)
		return
	}
	os.RemoveAll(w.base)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
