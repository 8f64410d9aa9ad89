package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func verdict(err error) dialect.Verdict {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return dialect.Verdict{}
	}
	v := code(e)
	if v.Class != connectors.ItemError && (raised(e) && !asksAgain(e) || e.Routine == "ExecWithCheckOptions") { // the latter: row security
		v = dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeConstraint, Hint: ""}
	}
	return v
}

// raised tells an error that code in PL/pgSQL raises, with whatever code it likes, from the server's own.
func raised(e *pgconn.PgError) bool { return e.Routine == "exec_stmt_raise" }

// asksAgain reports codes by which whoever raises them asks for another attempt.
func asksAgain(e *pgconn.PgError) bool {
	return e.Code == "40001" || e.Code == "40P01" || e.Code == "55P03"
}

// inside goes by the context of an error: a statement of its own has none.
func inside(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Where != ""
}

func code(e *pgconn.PgError) dialect.Verdict {
	switch {
	case e.Code == "08P01":
		return poolerVerdict(e)
	case stalePlan(e): // a new connection mends it
		return dialect.Verdict{Class: connectors.Transient, Code: dialect.CodeBusy, Hint: ""}
	}
	if v, ok := codes(e.Code); ok {
		return v
	}
	if v, ok := classes(fmt.Sprintf("%.2s", e.Code)); ok {
		return v
	}
	return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeRefused, Hint: dialect.ShownBy}
}

var codes = dialect.Rules(
	dialect.On(connectors.ItemError, dialect.CodeDuplicate, "", "23505"),
	dialect.On(connectors.ItemError, dialect.CodeNotNull, "", "23502"),
	dialect.On(connectors.ItemError, dialect.CodeTooLong, "", "22001"),
	dialect.On(connectors.ItemError, dialect.CodeCharset, "", "22021", "22P05"),
	dialect.On(connectors.ItemError, dialect.CodeTooLarge, "", "54000"),
	dialect.On(connectors.Uncertain, dialect.CodeUnclear, "", "40003", "08007"),
	dialect.On(connectors.Transient, dialect.CodeTimeout, "see statement-timeout", "57014", "25P03"),
	dialect.On(connectors.Transient, dialect.CodeBusy, "a connection pooler lies in between; the agent goes on without prepared statements", "26000", "42P05"),
	dialect.On(connectors.Transient, dialect.CodeBusy, "", "40001", "40P01", "55P03", "53300", "53400"),
	dialect.On(connectors.Transient, dialect.CodeUnreachable, "the server is starting or going down", "57P01", "57P02", "57P03", "57P05"),
	dialect.On(connectors.TargetError, dialect.CodeGrant, "have the DBA grant the missing right", "42501"),
	dialect.On(connectors.TargetError, dialect.CodeNoTable, "check names, schema and grants", "42P01", "42883", "3F000", "3D000"),
	dialect.On(connectors.TargetError, dialect.CodeNoColumn, "check the column's name", "42703"),
	dialect.On(connectors.TargetError, dialect.CodeGenerated, dialect.TakesNone, "428C9"),
	dialect.On(connectors.TargetError, dialect.CodeNoKey, "upsert needs a unique key on exactly its key columns", "42P10"),
	dialect.On(connectors.TargetError, dialect.CodeEnds, "a procedure that commits by itself cannot be called here: have it leave COMMIT to its caller", "2D000"),
	dialect.On(connectors.TargetError, dialect.CodeFull, "free space on the database server", "53100"),
	dialect.On(connectors.TargetError, dialect.CodeReadOnly, "point the target at the writable server", "25006"),
)

// classes are the first two characters of SQLSTATE.
var classes = dialect.Rules(
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", "22"),
	dialect.On(connectors.ItemError, dialect.CodeConstraint, "", "23", "44", "P0", "09", "21"),
	dialect.On(connectors.TargetError, dialect.CodeLogin, "check user, password and pg_hba.conf", "28"),
	dialect.On(connectors.Transient, dialect.CodeUnreachable, "", "08"),
	dialect.On(connectors.Transient, dialect.CodeBusy, "", "40"),
)
