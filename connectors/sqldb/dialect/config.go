package dialect

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

// Config is a database target's configuration. Either DSN or the discrete fields say where it is.
type Config struct {
	DSN      string            `yaml:"dsn" doc:"Connection string of the driver; the discrete fields below override what it says."`
	Path     string            `yaml:"path" doc:"SQLite only: the database file."`
	Host     string            `yaml:"host" doc:"Host name, address, or folder of a Unix socket."`
	Port     int               `yaml:"port" doc:"TCP port; 0 is the system's own (5432, 3306, 1521)."`
	Database string            `yaml:"database" doc:"Database or service name."`
	User     string            `yaml:"user" doc:"Login name."`
	Password connectors.Secret `yaml:"password" doc:"Password, by reference."`
	TLS      TLS               `yaml:"tls" doc:"Encryption of the connection."`
	Schema   string            `yaml:"schema" doc:"Schema of tables that are named without one."`

	ConnectTimeout   time.Duration `yaml:"connect-timeout" doc:"How long connecting may take, with encryption, login and session."`
	StatementTimeout time.Duration `yaml:"statement-timeout" doc:"How long the server may work on one statement; 0: no limit."`
	Parallel         int           `yaml:"parallel" doc:"Transactions at once."`
	MaxGroup         int           `yaml:"max-group" doc:"Deliveries in one transaction at most."`

	Ledger       bool   `yaml:"ledger" doc:"Record every delivery in the ledger table, in the same transaction: exactly once."`
	LedgerTable  string `yaml:"ledger-table" doc:"Name of the ledger table, with schema if need be."`
	CreateLedger bool   `yaml:"create-ledger" doc:"Create the ledger table when it is missing; else the DBA does."`

	Session []string `yaml:"session" doc:"SQL statements run on every new connection; behind a pooler only SET, in each transaction."`
	Charset string   `yaml:"charset" doc:"PostgreSQL: what the texts of a database without a character set (SQL_ASCII) are; utf-8 is the one that can be written."`
	Zone    string   `yaml:"zone" doc:"Time zone of columns that keep date and time without one, such as Europe/Berlin."`

	kind *Dialect // of database
}

// Account is who logs in; empty where only the driver knows.
func (c *Config) Account(d *Dialect) string {
	if c.User != "" || c.DSN == "" || d.Login == nil {
		return c.User
	}
	return d.Login(c.DSN)
}

// TLS says how a connection is encrypted.
type TLS struct {
	Mode            string `yaml:"mode" doc:"disable, require (no check of the certificate), verify-ca or verify-full; empty: what the DSN says."`
	tlsfiles.Config `yaml:",inline"`
}

// Defaults are a configuration of one kind of database before it is filled in.
func (d *Dialect) Defaults() Config {
	return Config{
		kind: d, ConnectTimeout: 10 * time.Second, StatementTimeout: time.Minute, Parallel: d.Parallel, MaxGroup: 500,
		Ledger: true, LedgerTable: "INBASKET_LEDGER", Zone: "UTC",
	}
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$#]*(\.[A-Za-z_][A-Za-z0-9_$#]*)?$`)

// Validate reports everything wrong that can be seen without connecting.
func (c *Config) Validate() error {
	var errs []error
	if c.DSN == "" && c.Host == "" && c.Path == "" {
		errs = append(errs, errors.New("dsn, host or path is needed"))
	}
	if c.Parallel < 1 || c.Parallel > 64 {
		errs = append(errs, errors.New("parallel must be from 1 to 64"))
	}
	if c.MaxGroup < 1 || c.MaxGroup > 5000 {
		errs = append(errs, errors.New("max-group must be from 1 to 5000"))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, errors.New("port must be from 1 to 65535"))
	}
	if c.ConnectTimeout <= 0 || c.StatementTimeout < 0 {
		errs = append(errs, errors.New("connect-timeout must be positive and statement-timeout not negative"))
	}
	if c.Ledger && !tableName.MatchString(c.LedgerTable) {
		errs = append(errs, errors.New("ledger-table must be a plain table name, with a schema if need be"))
	}
	switch c.TLS.Mode {
	case "", "disable", "require", "verify-ca", "verify-full":
	default:
		errs = append(errs, errors.New("tls.mode must be disable, require, verify-ca or verify-full"))
	}
	if err := c.TLS.Config.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Charset != "" && !strings.EqualFold(c.Charset, "utf-8") {
		errs = append(errs, errors.New("charset must be utf-8, or be left out"))
	}
	for _, q := range c.Session {
		if connectors.Second(q) >= 0 {
			errs = append(errs, errors.New("session: each statement is an entry of its own"))
		}
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		errs = append(errs, fmt.Errorf("zone %q is not known", c.Zone))
	}
	return errors.Join(errs...)
}
