// Package sqldb writes deliveries into relational databases and asks them for results: SQLite,
// PostgreSQL, MariaDB and MySQL, Oracle. Every delivery goes with its ledger row in one transaction, so
// that it happens exactly once whatever breaks; what only one system does lives in that system's file.
package sqldb

import (
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Targets returns the definitions of all databases that can be written to.
func Targets() []connectors.Definition {
	return []connectors.Definition{
		definition("sqlite", "SQLite database file.", 1, newSQLite),
		definition("postgres", "PostgreSQL 12 or later.", 2, newPostgres),
		definition("mariadb", "MariaDB 10.5 or later.", 2, newMariaDB),
		definition("mysql", "MySQL 8 or later.", 2, newMySQL),
		definition("oracle", "Oracle Database 12c or later.", 2, newOracle),
	}
}

func definition(typ, summary string, parallel int, open opener) connectors.Definition {
	return connectors.DefineTarget(typ, summary, defaults(parallel), func(e connectors.Env, c Config) (connectors.Target, error) {
		if err := c.Validate(); err != nil {
			return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open " + typ, Err: err}
		}
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("zone of %s: %w", e.Name, err)
		}
		made := c.CreateLedger && e.Look
		c.CreateLedger = c.CreateLedger && !e.Look
		sys, err := later(e, c, zone, open)
		if err != nil {
			return nil, &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open " + typ, Hint: "check dsn and tls of the target", Err: err}
		}
		sys.zone = zone
		t := newTarget(e, c, sys)
		t.makes = made
		return t, nil
	})
}
