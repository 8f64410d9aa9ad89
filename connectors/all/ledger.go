package all

import (
	"strings"

	"github.com/inbasket/inbasket/connectors/sqldb"
)

// LedgerDDL returns what a DBA has to run before a target of this type and configuration can be written to
// exactly once; user is who gets the grants, empty: the configured one. False for targets without a ledger.
func LedgerDDL(typ string, config any, user string) (string, bool) {
	c, ok := config.(*sqldb.Config)
	if !ok || !c.Ledger {
		return "", false
	}
	if user == "" {
		user = sqldb.Login(typ, *c)
	}
	table := c.LedgerTable
	if c.Schema != "" && !strings.Contains(table, ".") {
		table = c.Schema + "." + table
	}
	return sqldb.LedgerDDL(typ, table, user), true
}
