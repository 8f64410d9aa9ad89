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
	switch e.Code {
	case "23505":
		return verdict{connectors.ItemError, CodeDuplicate, ""}
	case "23502":
		return verdict{connectors.ItemError, CodeNotNull, ""}
	case "22001":
		return verdict{connectors.ItemError, CodeTooLong, ""}
	case "22021", "22P05":
		return verdict{connectors.ItemError, CodeCharset, ""}
	case "54000":
		return verdict{connectors.ItemError, CodeTooLarge, ""}
	case "40003", "08007":
		return verdict{connectors.Uncertain, CodeUnclear, ""}
	case "57014", "25P03":
		return verdict{connectors.Transient, CodeTimeout, "see statement-timeout"}
	case "26000", "42P05":
		return verdict{connectors.Transient, CodeBusy, "a connection pooler lies in between; the agent goes on without prepared statements"}
	case "08P01":
		return poolerVerdict(e)
	case "0A000": // a table was changed under a prepared statement; a new connection mends it
		if stalePlan(e) {
			return verdict{connectors.Transient, CodeBusy, ""}
		}
	case "40001", "40P01", "55P03", "53300", "53400":
		return verdict{connectors.Transient, CodeBusy, ""}
	case "57P01", "57P02", "57P03", "57P05":
		return verdict{connectors.Transient, CodeUnreachable, "the server is starting or going down"}
	case "42501":
		return verdict{connectors.TargetError, CodeGrant, "have the DBA grant the missing right"}
	case "42P01", "42883", "3F000", "3D000":
		return verdict{connectors.TargetError, CodeNoTable, "check names, schema and grants"}
	case "42703":
		return verdict{connectors.TargetError, CodeNoColumn, "check the column's name"}
	case "428C9":
		return verdict{connectors.TargetError, CodeGenerated, takesNone}
	case "42P10":
		return verdict{connectors.TargetError, CodeNoKey, "upsert needs a unique key on exactly its key columns"}
	case "53100":
		return verdict{connectors.TargetError, CodeFull, "free space on the database server"}
	case "25006":
		return verdict{connectors.TargetError, CodeReadOnly, "point the target at the writable server"}
	}
	return postgresClass(e)
}

// postgresClass goes by the first two characters of SQLSTATE.
func postgresClass(e *pgconn.PgError) verdict {
	switch fmt.Sprintf("%.2s", e.Code) {
	case "22":
		return verdict{connectors.ItemError, CodeWrongType, ""}
	case "23", "44", "P0", "09", "21":
		return verdict{connectors.ItemError, CodeConstraint, ""}
	case "28":
		return verdict{connectors.TargetError, CodeLogin, "check user, password and pg_hba.conf"}
	case "08":
		return verdict{connectors.Transient, CodeUnreachable, ""}
	case "40":
		return verdict{connectors.Transient, CodeBusy, ""}
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
}
