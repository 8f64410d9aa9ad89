package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// StartPostgreSQL starts a private PostgreSQL with one superuser, postgres, whose password is asked for.
func StartPostgreSQL(o Options) (*Database, error) {
	folders := []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}
	postgres, err := program(folders, "postgres")
	if err != nil {
		return nil, err
	}
	cred, err := credential("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	dir, err := privateDir("postgres")
	if err != nil {
		return nil, err
	}
	d, err := startPostgres(o, postgres, dir, cred)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	return d, nil
}

const postgresPassword = "test-only"

func startPostgres(o Options, postgres, dir string, cred *syscall.Credential) (*Database, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(postgresPassword), 0o600); err != nil {
		return nil, err
	}
	if err := give(dir, cred); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := filepath.Join(filepath.Dir(postgres), "initdb")
	err = run(cred, dir, initdb, "--no-sync", "--pgdata", data, "--username", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C")
	if err != nil {
		return nil, err
	}
	argv := []string{postgres, "-D", data, "-k", dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1",
		"-c", "timezone=UTC"}
	if !o.Durable {
		argv = append(argv, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	for _, s := range o.Settings {
		argv = append(argv, "-c", s)
	}
	d := &Database{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), driver: "pgx", dir: dir, admin: "postgres",
		dsn: func(db string) string {
			return fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/%s?sslmode=disable", postgresPassword, port, db)
		},
		// SIGQUIT at our death lets the server remove its shared memory, which SIGKILL would leave.
		proc: &process{argv: argv, dir: dir, cred: cred, die: syscall.SIGQUIT},
	}
	d.stop = d.proc.interrupt
	if err := d.Start(); err != nil {
		d.Kill()
		return nil, err
	}
	return d, nil
}
