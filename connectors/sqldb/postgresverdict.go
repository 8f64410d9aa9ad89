package sqldb

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
)

func postgresVerdict(err error) verdict {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return verdict{}
	}
	v := postgresCode(e)
	if v.class != connectors.ItemError && (raised(e) && !asksAgain(e) || e.Routine == "ExecWithCheckOptions") { // the latter: row security
		v = verdict{connectors.ItemError, CodeConstraint, ""}
	}
	return v
}

// raised tells an error that code in PL/pgSQL raises, with whatever code it likes, from the server's own.
func raised(e *pgconn.PgError) bool { return e.Routine == "exec_stmt_raise" }

// asksAgain reports codes by which whoever raises them asks for another attempt.
func asksAgain(e *pgconn.PgError) bool {
	return e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03"
}

// postgresInside goes by the context of an error: a statement of its own has none.
func postgresInside(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Where != ""
}

func postgresCode(e *pgconn.PgError) verdict {
	switch {
	case e.Code == "08P01":
		return poolerVerdict(e)
	case stalePlan(e): // a new connection mends it
		return verdict{connectors.Transient, CodeBusy, ""}
	}
	if v, ok := postgresCodes(e.Code); ok {
		return v
	}
	if v, ok := postgresClasses(fmt.Sprintf("%.2s", e.Code)); ok {
		return v
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
}

var postgresCodes = rules(
	on(connectors.ItemError, CodeDuplicate, "", "23505"),
	on(connectors.ItemError, CodeNotNull, "", "23502"),
	on(connectors.ItemError, CodeTooLong, "", "22001"),
	on(connectors.ItemError, CodeCharset, "", "22021", "22P05"),
	on(connectors.ItemError, CodeTooLarge, "", "54000"),
	on(connectors.Uncertain, CodeUnclear, "", "40003", "08007"),
	on(connectors.Transient, CodeTimeout, "see statement-timeout", "57014", "25P03"),
	on(connectors.Transient, CodeBusy, "a connection pooler lies in between; the agent goes on without prepared statements", "26000", "42P05"),
	on(connectors.Transient, CodeBusy, "", "40001", "40P01", "55P03", "53300", "53400"),
	on(connectors.Transient, CodeUnreachable, "the server is starting or going down", "57P01", "57P02", "57P03", "57P05"),
	on(connectors.TargetError, CodeGrant, "have the DBA grant the missing right", "42501"),
	on(connectors.TargetError, CodeNoTable, "check names, schema and grants", "42P01", "42883", "3F000", "3D000"),
	on(connectors.TargetError, CodeNoColumn, "check the column's name", "42703"),
	on(connectors.TargetError, CodeGenerated, takesNone, "428C9"),
	on(connectors.TargetError, CodeNoKey, "upsert needs a unique key on exactly its key columns", "42P10"),
	on(connectors.TargetError, CodeFull, "free space on the database server", "53100"),
	on(connectors.TargetError, CodeReadOnly, "point the target at the writable server", "25006"),
)

// postgresClasses are the first two characters of SQLSTATE.
var postgresClasses = rules(
	on(connectors.ItemError, CodeWrongType, "", "22"),
	on(connectors.ItemError, CodeConstraint, "", "23", "44", "P0", "09", "21"),
	on(connectors.TargetError, CodeLogin, "check user, password and pg_hba.conf", "28"),
	on(connectors.Transient, CodeUnreachable, "", "08"),
	on(connectors.Transient, CodeBusy, "", "40"),
)
