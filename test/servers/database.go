package servers

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	_ "github.com/go-sql-driver/mysql" // drivers by which databases are made
	_ "github.com/jackc/pgx/v5/stdlib"
)

// Options say how a database server is started.
type Options struct {
	Durable  bool     // sync to disk as in production; without, commits survive a kill but no power loss
	Settings []string // further settings as NAME=VALUE, such as max_connections=200
}

// Database is a running database server.
type Database struct {
	Addr string // 127.0.0.1:PORT, the same after Stop and Start

	driver string // of database/sql
	dir    string
	dsn    func(database string) string
	admin  string // a database that always exists
	proc   *process
	stop   func()
	made   atomic.Int64
}

// DSN returns the connection string of a database that is there, as the superuser.
func (d *Database) DSN(database string) string { return d.dsn(database) }

// Create makes a fresh, empty database and returns its connection string.
func (d *Database) Create() (string, error) {
	db, err := sql.Open(d.driver, d.dsn(d.admin))
	if err != nil {
		return "", err
	}
	defer db.Close()
	name := fmt.Sprintf("inbasket%d", d.made.Add(1))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, "create database "+name); err != nil {
		return "", fmt.Errorf("create database: %w", err)
	}
	return d.dsn(name), nil
}

// Start starts the server again after Stop or Kill and waits until it answers.
func (d *Database) Start() error {
	if err := d.proc.start(); err != nil {
		return err
	}
	return until(d.proc, d.ping)
}

// Stop stops the server in order; open connections are cut.
func (d *Database) Stop() { d.stop() }

// Kill ends the server and all its processes at once by SIGKILL.
func (d *Database) Kill() { d.proc.kill() }

// Close ends the server and removes its folder.
func (d *Database) Close() {
	d.stop()
	os.RemoveAll(d.dir)
}

func (d *Database) ping() error {
	db, err := sql.Open(d.driver, d.dsn(d.admin))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return db.PingContext(ctx)
}
