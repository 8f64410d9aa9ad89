package sqldb

import (
	"fmt"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/mysql"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/oracle"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/postgres"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/sqlite"
)

// dialects are all kinds of databases that can be written to: the same each time, so that configurations that say the same are equal.
var dialects = sync.OnceValue(func() []*dialect.Dialect {
	var all []*dialect.Dialect
	for _, d := range []dialect.Dialect{sqlite.Dialect(), postgres.Dialect(), mysql.Dialect(true), mysql.Dialect(false), oracle.Dialect()} {
		all = append(all, &d)
	}
	return all
})

// Targets returns the definitions of all databases that can be written to.
func Targets() []connectors.Definition {
	var all []connectors.Definition
	for _, d := range dialects() {
		all = append(all, connectors.DefineTarget(d.Name, d.Summary, d.Defaults, func(e connectors.Env, c dialect.Config) (connectors.Target, error) {
			t, err := open(e, c, d)
			if err != nil {
				return nil, err
			}
			return t, nil
		}))
	}
	return all
}

func open(e connectors.Env, c dialect.Config, d *dialect.Dialect) (*Target, error) {
	refused := &connectors.Error{Class: connectors.TargetError, Code: dialect.CodeConfig, Op: "open " + d.Name}
	if refused.Err = c.Validate(); refused.Err != nil {
		return nil, refused
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone of %s: %w", e.Name, err)
	}
	makes := c.CreateLedger && e.Look
	c.CreateLedger = c.CreateLedger && !e.Look
	l, err := database.Later(e, c, zone, d)
	if err != nil {
		refused.Hint, refused.Err = "check dsn and tls of the target", err
		return nil, refused
	}
	t := newTarget(e, c, &database.System{Dialect: *d, Link: l, Zone: zone})
	t.Makes = makes
	return t, nil
}

// dialectOf returns the dialect of a type of targets; nil: there is none.
func dialectOf(typ string) *dialect.Dialect {
	for _, d := range dialects() {
		if d.Name == typ {
			return d
		}
	}
	return nil
}

// LedgerDDL returns what a DBA has to run: the ledger table and the grants on it. The type is that of the target;
// table may carry a schema; with an empty user a comment stands in place of the grant.
func LedgerDDL(typ, table, user string) string {
	d := dialectOf(typ)
	if d == nil {
		return ""
	}
	ddl := d.LedgerDDL(table) + ";\n-- A ledger of an earlier version lacks a column: " + d.DigestAdded(table) + ";\n"
	switch {
	case d.Grantee == nil:
	case user == "":
		ddl += fmt.Sprintf("-- and GRANT SELECT, INSERT, UPDATE ON %s TO the agent's account, which --user names\n", table)
	default:
		ddl += fmt.Sprintf("GRANT SELECT, INSERT, UPDATE ON %s TO %s;\n", table, d.Grantee(user))
	}
	return ddl
}

// Login returns the account that a configuration of a type logs in as; empty where only the driver knows.
func Login(typ string, c dialect.Config) string {
	if d := dialectOf(typ); d != nil {
		return c.Account(d)
	}
	return c.User
}
