package sqldb

import (
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
)

func mariaAnswered(err error) bool {
	if errors.Is(err, mysql.ErrPktTooLarge) { // refused by the driver, nothing was sent
		return true
	}
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number != 1053 && e.Number != 1927 || signalled(e)) // going down: what it did with COMMIT is not said
}

func mariaVerdict(err error) verdict {
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return verdict{connectors.ItemError, CodeTooLarge, "raise max_allowed_packet at the server"}
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return verdict{}
	}
	if e.Number == 1105 && strings.Contains(e.Message, "max_allowed_packet") { // the number for everything else
		return verdict{connectors.ItemError, CodeTooLarge, "raise max_allowed_packet at the server"}
	}
	if signalled(e) {
		return verdict{connectors.ItemError, CodeConstraint, ""}
	}
	switch e.Number {
	case 1205, 1213, 1040, 1203, 1226, 3572, 4031:
		return verdict{connectors.Transient, CodeBusy, ""}
	case 1317, 1969, 3024:
		return verdict{connectors.Transient, CodeTimeout, "see statement-timeout"}
	case 1053, 1927:
		return verdict{connectors.Transient, CodeUnreachable, ""}
	case 1062, 1586, 1169:
		return verdict{connectors.ItemError, CodeDuplicate, ""}
	case 1048, 1364:
		return verdict{connectors.ItemError, CodeNotNull, ""}
	case 1406:
		return verdict{connectors.ItemError, CodeTooLong, ""}
	case 1264, 1292, 1265, 1411, 1367, 1690, 1525, 1426:
		return verdict{connectors.ItemError, CodeWrongType, ""}
	case 1366, 1300, 1977, 3854:
		if strings.Contains(e.Message, "string value") || e.Number != 1366 {
			return verdict{connectors.ItemError, CodeCharset, ""}
		}
		return verdict{connectors.ItemError, CodeWrongType, "a character or number does not fit the column"}
	case 1452, 1216, 1451, 1217, 3819, 4025, 1644, 1761, 1762, 1526, 1748, 1369, 1643:
		return verdict{connectors.ItemError, CodeConstraint, ""}
	case 1153, 1301, 1118:
		return verdict{connectors.ItemError, CodeTooLarge, "see max_allowed_packet"}
	case 1045, 1044, 1698, 1130, 1251, 1862, 1820:
		return verdict{connectors.TargetError, CodeLogin, "check user, password and the host they are allowed from"}
	case 1345:
		return verdict{connectors.TargetError, CodeGrant, "the table is a view: have the DBA grant SHOW VIEW, and a right on the tables below it"}
	case 1142, 1143, 1370, 1227, 1410:
		return verdict{connectors.TargetError, CodeGrant, "have the DBA grant the missing right"}
	case 1146, 1305, 1049:
		return verdict{connectors.TargetError, CodeNoTable, "check names and grants"}
	case 1054, 1136:
		return verdict{connectors.TargetError, CodeNoColumn, "check the column's name"}
	case 1906, 3105:
		return verdict{connectors.TargetError, CodeGenerated, takesNone}
	case 1298:
		return verdict{connectors.TargetError, CodeConfig, "load the server's time zone tables (mariadb-tzinfo-to-sql), or set zone to UTC"}
	case 1021, 1114, 1041, 1037, 1030:
		return verdict{connectors.TargetError, CodeFull, "free space or memory on the database server"}
	case 1290, 1792, 1836:
		return verdict{connectors.TargetError, CodeReadOnly, "point the target at the writable server"}
	}
	return mariaClass(e)
}

// signalled tells an error that SIGNAL raises, with whatever number it likes, by classes of SQLSTATE that are no server's own.
func signalled(e *mysql.MySQLError) bool {
	class := string(e.SQLState[:2])
	return class == "45" || class == "02" || strings.ContainsAny(class[:1], "5689IJKLMNOPQRSTUVWYZ")
}

// mariaInside: table and columns of the statement itself were proved to be there in the same transaction.
func mariaInside(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1146 || e.Number == 1054)
}

// mariaClass goes by the first two characters of SQLSTATE.
func mariaClass(e *mysql.MySQLError) verdict {
	switch string(e.SQLState[:2]) {
	case "22":
		return verdict{connectors.ItemError, CodeWrongType, ""}
	case "20", "21", "23", "44":
		return verdict{connectors.ItemError, CodeConstraint, ""}
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
}
