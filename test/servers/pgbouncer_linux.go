package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// StartPgBouncer starts a private PgBouncer in front of a PostgreSQL, given by the URL of one of its databases.
func StartPgBouncer(database string, o PgBouncerOptions) (*PgBouncer, error) {
	pgbouncer, err := program([]string{"/usr/sbin"}, "pgbouncer")
	if err != nil {
		return nil, err
	}
	cred, err := credential("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	to, err := pgconn.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	dir, err := privateDir("pgbouncer")
	if err != nil {
		return nil, err
	}
	b, err := startPgBouncer(to, o, pgbouncer, dir, cred)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("PgBouncer: %w", err)
	}
	return b, nil
}

func startPgBouncer(to *pgconn.Config, o PgBouncerOptions, pgbouncer, dir string, cred *syscall.Credential) (*PgBouncer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	size := o.Connections
	if size == 0 {
		size = 1
	}
	lines := []string{"[databases]",
		fmt.Sprintf("* = host=%s port=%d user=%s password=%s", to.Host, to.Port, to.User, to.Password),
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + strconv.Itoa(port), "unix_socket_dir =", "auth_type = any",
		"pool_mode = " + o.Mode, "default_pool_size = " + strconv.Itoa(size), "pidfile = " + filepath.Join(dir, "pid"),
		"ignore_startup_parameters = " + o.Ignore}
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(strings.Join(append(lines, o.Settings...), "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	if err := give(dir, cred); err != nil {
		return nil, err
	}
	b := &PgBouncer{
		URL:  fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", to.User, port, to.Database),
		dir:  dir,
		proc: &process{argv: []string{pgbouncer, file}, dir: dir, cred: cred, die: syscall.SIGKILL},
	}
	if err := b.proc.start(); err != nil {
		return nil, err
	}
	if err := until(b.proc, b.ping); err != nil {
		b.proc.kill()
		return nil, err
	}
	return b, nil
}

func (b *PgBouncer) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, b.URL)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Close ends it and removes its folder.
func (b *PgBouncer) Close() {
	b.proc.kill()
	os.RemoveAll(b.dir)
}
