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
	case 1366, 1300, 1977, 3854:
		if strings.Contains(e.Message, "string value") || e.Number != 1366 {
			return verdict{connectors.ItemError, CodeCharset, ""}
		}
		return verdict{connectors.ItemError, CodeWrongType, "a character or number does not fit the column"}
	}
	if v, ok := mariaNumbers(int(e.Number)); ok {
		return v
	}
	if v, ok := mariaClasses(string(e.SQLState[:2])); ok {
		return v
	}
	return verdict{connectors.TargetError, CodeRefused, shownBy}
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

var mariaNumbers = rules(
	on(connectors.Transient, CodeBusy, "", 1205, 1213, 1040, 1203, 1226, 3572, 4031),
	on(connectors.Transient, CodeTimeout, "see statement-timeout", 1317, 1969, 3024),
	on(connectors.Transient, CodeUnreachable, "", 1053, 1927),
	on(connectors.ItemError, CodeDuplicate, "", 1062, 1586, 1169),
	on(connectors.ItemError, CodeNotNull, "", 1048, 1364),
	on(connectors.ItemError, CodeTooLong, "", 1406),
	on(connectors.ItemError, CodeWrongType, "", 1264, 1292, 1265, 1411, 1367, 1690, 1525, 1426),
	on(connectors.ItemError, CodeConstraint, "", 1452, 1216, 1451, 1217, 3819, 4025, 1644, 1761, 1762, 1526, 1748, 1369, 1643),
	on(connectors.ItemError, CodeTooLarge, "see max_allowed_packet", 1153, 1301, 1118),
	on(connectors.TargetError, CodeLogin, "check user, password and the host they are allowed from", 1045, 1044, 1698, 1130, 1251, 1862, 1820),
	on(connectors.TargetError, CodeGrant, "the table is a view: have the DBA grant SHOW VIEW, and a right on the tables below it", 1345),
	on(connectors.TargetError, CodeGrant, "have the DBA grant the missing right", 1142, 1143, 1370, 1227, 1410),
	on(connectors.TargetError, CodeNoTable, "check names and grants", 1146, 1305, 1049),
	on(connectors.TargetError, CodeNoColumn, "check the column's name", 1054, 1136),
	on(connectors.TargetError, CodeGenerated, takesNone, 1906, 3105),
	on(connectors.TargetError, CodeConfig, "load the server's time zone tables (mariadb-tzinfo-to-sql), or set zone to UTC", 1298),
	on(connectors.TargetError, CodeFull, "free space or memory on the database server", 1021, 1114, 1041, 1037, 1030),
	on(connectors.TargetError, CodeReadOnly, "point the target at the writable server", 1290, 1792, 1836),
)

// mariaClasses are the first two characters of SQLSTATE.
var mariaClasses = rules(
	on(connectors.ItemError, CodeWrongType, "", "22"),
	on(connectors.ItemError, CodeConstraint, "", "20", "21", "23", "44"),
)
