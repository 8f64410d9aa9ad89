package sqldb

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

const sqliteNumbers = "CASE_NO INTEGER PRIMARY KEY AUTOINCREMENT"

// ddl is the legacy register; number is how the system makes case numbers, binary its type for documents.
func ddl(number, binary, stamp, tail string) []string {
	return []string{
		"CREATE TABLE APPLICATION (" + number + ", FORM_REF VARCHAR(20) NOT NULL UNIQUE, SURNAME VARCHAR(40) NOT NULL, BORN DATE, FEE DECIMAL(9,2), RECEIVED " + stamp + ", KIND VARCHAR(10) DEFAULT 'std')" + tail,
		"CREATE TABLE PARCEL (CASE_NO INTEGER NOT NULL, LINE_NO INTEGER NOT NULL, PARCEL VARCHAR(20), PRIMARY KEY (CASE_NO, LINE_NO))" + tail,
		"CREATE TABLE PLAIN (ID INTEGER NOT NULL PRIMARY KEY, NAME VARCHAR(40) NOT NULL, FEE DECIMAL(9,2))" + tail,
		"CREATE TABLE CHILD (ID INTEGER NOT NULL, N INTEGER NOT NULL, NOTE VARCHAR(40), FOREIGN KEY (ID) REFERENCES PLAIN (ID))" + tail,
		"CREATE TABLE DECISION (ID INTEGER NOT NULL PRIMARY KEY, STATUS VARCHAR(4), REASON VARCHAR(40), PDF " + binary + ", SENT VARCHAR(10))" + tail,
	}
}

func TestSQLite(t *testing.T) {
	defer goleak.VerifyNone(t)
	suite(t, func(t testing.TB) engine {
		return engine{"sqlite", Config{Path: filepath.Join(t.TempDir(), "register ä.db")}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	})
}
