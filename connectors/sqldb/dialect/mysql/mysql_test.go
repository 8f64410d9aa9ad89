package mysql

import (
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestEngines refuses every engine of MariaDB and MySQL whose rows cannot be taken back, go nowhere, or lie on another
// server, which commits by itself.
func TestEngines(t *testing.T) {
	for _, name := range []string{"InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"} {
		tab := &dialect.Table{}
		if loses(tab, name); tab.Loses != "" {
			t.Errorf("%s is taken for one without transactions", name)
		}
	}
	for _, name := range []string{"MyISAM", "Aria", "MEMORY", "CSV", "ARCHIVE", "MRG_MyISAM", "BLACKHOLE", "FEDERATED", "CONNECT", "SPIDER", "SPHINX", "S3", "OQGRAPH", "Mroonga", "ColumnStore", "SEQUENCE", "DUCKDB"} {
		tab := &dialect.Table{}
		if loses(tab, name); tab.Loses == "" {
			t.Errorf("%s is taken for transactional", name)
		}
	}
}

// TestVerdicts says what errors mean.
func TestVerdicts(t *testing.T) {
	my := func(n uint16) error { return &mysql.MySQLError{Number: n} }
	for _, c := range []struct {
		err   error
		class connectors.Class
		code  string
	}{
		{my(1906), connectors.TargetError, dialect.CodeGenerated},
		{my(3105), connectors.TargetError, dialect.CodeGenerated},
		{my(1213), connectors.Transient, dialect.CodeBusy},
		{my(1062), connectors.ItemError, dialect.CodeDuplicate},
		{my(1366), connectors.ItemError, dialect.CodeWrongType},
		{my(1045), connectors.TargetError, dialect.CodeLogin},
		{my(1290), connectors.TargetError, dialect.CodeReadOnly},
		{my(1114), connectors.TargetError, dialect.CodeFull},
	} {
		if v := verdict(c.err); v.Class != c.class || v.Code != c.code {
			t.Errorf("%v: %v %s, want %v %s", c.err, v.Class, v.Code, c.class, c.code)
		}
	}
	if answered(my(1053)) || answered(mysql.ErrInvalidConn) || !answered(my(1062)) {
		t.Error("what counts as an answer")
	}
}

func TestConnectionString(t *testing.T) {
	c := dialect.Config{Host: "db1", Database: "reg", User: "o'neil", Password: "s3cret", TLS: dialect.TLS{Mode: "verify-full"}, StatementTimeout: time.Minute}
	m, err := config(connectors.Env{}, c)
	if err != nil || m.Addr != "db1:3306" || m.TLS == nil || m.TLS.InsecureSkipVerify || m.TLS.ServerName != "db1" || m.Passwd != "s3cret" {
		t.Error(m, err)
	}
}
