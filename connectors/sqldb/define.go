package sqldb

import (
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// dialects are all kinds of databases that can be written to.
func dialects() []*dialect {
	var all []*dialect
	for _, d := range []dialect{sqliteDialect(), postgresDialect(), mariaDialect(true), mariaDialect(false), oracleDialect()} {
		all = append(all, &d)
	}
	return all
}

// Targets returns the definitions of all databases that can be written to.
func Targets() []connectors.Definition {
	var all []connectors.Definition
	for _, d := range dialects() {
		all = append(all, connectors.DefineTarget(d.name, d.summary, d.defaults, func(e connectors.Env, c Config) (connectors.Target, error) {
			t, err := open(e, c, d)
			if err != nil {
				return nil, err
			}
			return t, nil
		}))
	}
	return all
}

func open(e connectors.Env, c Config, d *dialect) (*Target, error) {
	refused := &connectors.Error{Class: connectors.TargetError, Code: CodeConfig, Op: "open " + d.name}
	if refused.Err = c.Validate(); refused.Err != nil {
		return nil, refused
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone of %s: %w", e.Name, err)
	}
	makes := c.CreateLedger && e.Look
	c.CreateLedger = c.CreateLedger && !e.Look
	l, err := later(e, c, zone, d)
	if err != nil {
		refused.Hint, refused.Err = "check dsn and tls of the target", err
		return nil, refused
	}
	t := newTarget(e, c, &system{*d, l, zone})
	t.makes = makes
	return t, nil
}

// dialectOf returns the dialect of a type of targets; nil: there is none.
func dialectOf(typ string) *dialect {
	for _, d := range dialects() {
		if d.name == typ {
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
	ddl := d.ledgerDDL(table) + ";\n-- A ledger of an earlier version lacks a column: " + d.digestAdded(table) + ";\n"
	switch {
	case d.grantee == nil:
	case user == "":
		ddl += fmt.Sprintf("-- and GRANT SELECT, INSERT, UPDATE ON %s TO the agent's account, which --user names\n", table)
	default:
		ddl += fmt.Sprintf("GRANT SELECT, INSERT, UPDATE ON %s TO %s;\n", table, d.grantee(user))
	}
	return ddl
}

// Login returns the account that a configuration of a type logs in as; empty where only the driver knows.
func Login(typ string, c Config) string {
	if d := dialectOf(typ); d != nil {
		return c.account(d)
	}
	return c.User
}
