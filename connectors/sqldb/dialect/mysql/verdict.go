package mysql

import (
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

func answered(err error) bool {
	if errors.Is(err, mysql.ErrPktTooLarge) { // refused by the driver, nothing was sent
		return true
	}
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number != 1053 && e.Number != 1927 || signalled(e)) // going down: what it did with COMMIT is not said
}

func verdict(err error) dialect.Verdict {
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeTooLarge, Hint: "raise max_allowed_packet at the server"}
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return dialect.Verdict{}
	}
	if e.Number == 1105 && strings.Contains(e.Message, "max_allowed_packet") { // the number for everything else
		return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeTooLarge, Hint: "raise max_allowed_packet at the server"}
	}
	if signalled(e) {
		return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeConstraint, Hint: ""}
	}
	switch e.Number {
	case 1366, 1300, 1977, 3854:
		if strings.Contains(e.Message, "string value") || e.Number != 1366 {
			return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeCharset, Hint: ""}
		}
		return dialect.Verdict{Class: connectors.ItemError, Code: dialect.CodeWrongType, Hint: "a character or number does not fit the column"}
	}
	if v, ok := numbers(int(e.Number)); ok {
		return v
	}
	if v, ok := classes(string(e.SQLState[:2])); ok {
		return v
	}
	return dialect.Verdict{Class: connectors.TargetError, Code: dialect.CodeRefused, Hint: dialect.ShownBy}
}

// signalled tells an error that SIGNAL raises, with whatever number it likes, by classes of SQLSTATE that are no server's own.
func signalled(e *mysql.MySQLError) bool {
	class := string(e.SQLState[:2])
	return class == "45" || class == "02" || strings.ContainsAny(class[:1], "5689IJKLMNOPQRSTUVWYZ")
}

// inside: table and columns of the statement itself were proved to be there in the same transaction.
func inside(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1146 || e.Number == 1054)
}

var numbers = dialect.Rules(
	dialect.On(connectors.Transient, dialect.CodeBusy, "", 1205, 1213, 1040, 1203, 1226, 3572, 4031),
	dialect.On(connectors.Transient, dialect.CodeTimeout, "see statement-timeout", 1317, 1969, 3024),
	dialect.On(connectors.Transient, dialect.CodeUnreachable, "", 1053, 1927),
	dialect.On(connectors.ItemError, dialect.CodeDuplicate, "", 1062, 1586, 1169),
	dialect.On(connectors.ItemError, dialect.CodeNotNull, "", 1048, 1364),
	dialect.On(connectors.ItemError, dialect.CodeTooLong, "", 1406),
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", 1264, 1292, 1265, 1411, 1367, 1690, 1525, 1426),
	dialect.On(connectors.ItemError, dialect.CodeConstraint, "", 1452, 1216, 1451, 1217, 3819, 4025, 1644, 1761, 1762, 1526, 1748, 1369, 1643),
	dialect.On(connectors.ItemError, dialect.CodeTooLarge, "see max_allowed_packet", 1153, 1301, 1118),
	dialect.On(connectors.TargetError, dialect.CodeLogin, "check user, password and the host they are allowed from", 1045, 1044, 1698, 1130, 1251, 1862, 1820),
	dialect.On(connectors.TargetError, dialect.CodeGrant, "the table is a view: have the DBA grant SHOW VIEW, and a right on the tables below it", 1345),
	dialect.On(connectors.TargetError, dialect.CodeGrant, "have the DBA grant the missing right", 1142, 1143, 1370, 1227, 1410),
	dialect.On(connectors.TargetError, dialect.CodeNoTable, "check names and grants", 1146, 1305, 1049),
	dialect.On(connectors.TargetError, dialect.CodeNoColumn, "check the column's name", 1054, 1136),
	dialect.On(connectors.TargetError, dialect.CodeGenerated, dialect.TakesNone, 1906, 3105),
	dialect.On(connectors.TargetError, dialect.CodeConfig, "load the server's time zone tables (mariadb-tzinfo-to-sql), or set zone to UTC", 1298),
	dialect.On(connectors.TargetError, dialect.CodeFull, "free space or memory on the database server", 1021, 1114, 1041, 1037, 1030),
	dialect.On(connectors.TargetError, dialect.CodeReadOnly, "point the target at the writable server", 1290, 1792, 1836),
)

// classes are the first two characters of SQLSTATE.
var classes = dialect.Rules(
	dialect.On(connectors.ItemError, dialect.CodeWrongType, "", "22"),
	dialect.On(connectors.ItemError, dialect.CodeConstraint, "", "20", "21", "23", "44"),
)
