package sqldb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect/sqlite"
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
		return engine{"sqlite", dialect.Config{Path: emptyFile(t, "register ä.db")}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	})
}

// emptyFile makes an empty database.
func emptyFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A look at a database that is not there makes none, and neither does a delivery: an empty one that belongs to root
// would be found by nobody, and one in the place of a database that was moved would hide that.
func TestNoDatabaseIsMade(t *testing.T) {
	defer goleak.VerifyNone(t)
	path := filepath.Join(t.TempDir(), "gone.db")
	env := connectors.Env{Name: "register", Identity: "register-1", Clock: newClock(), Notify: func(connectors.Notice) {}}
	d := sqlite.Dialect()
	config := d.Defaults()
	config.Path, config.Ledger, config.CreateLedger = path, true, true
	target, err := open(env, config, &d)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	err = target.Check(t.Context())
	var coded *connectors.Error
	if !errors.As(err, &coded) || coded.Code != dialect.CodeGrant || coded.Class != connectors.TargetError {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}
