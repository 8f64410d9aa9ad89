package oracle

import (
	"testing"
	"time"

	"github.com/sijms/go-ora/v2/network"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestVerdicts says what errors mean.
func TestVerdicts(t *testing.T) {
	or := func(n int) error { return &network.OracleError{ErrCode: n} }
	for _, c := range []struct {
		err   error
		class connectors.Class
		code  string
	}{
		{or(54013), connectors.TargetError, dialect.CodeGenerated},
		{or(32795), connectors.TargetError, dialect.CodeGenerated},
		{or(60), connectors.Transient, dialect.CodeBusy},
		{or(1), connectors.ItemError, dialect.CodeDuplicate},
		{or(12899), connectors.ItemError, dialect.CodeTooLong},
		{or(20001), connectors.ItemError, dialect.CodeConstraint},
		{or(14400), connectors.ItemError, dialect.CodeConstraint},
		{or(28115), connectors.ItemError, dialect.CodeConstraint},
		{or(1017), connectors.TargetError, dialect.CodeLogin},
		{or(942), connectors.TargetError, dialect.CodeNoTable},
		{or(1653), connectors.TargetError, dialect.CodeFull},
		{or(3113), connectors.Transient, dialect.CodeUnreachable},
	} {
		if v := verdict(c.err); v.Class != c.class || v.Code != c.code {
			t.Errorf("%v: %v %s, want %v %s", c.err, v.Class, v.Code, c.class, c.code)
		}
	}
	if answered(or(3113)) || !answered(or(1)) {
		t.Error("what counts as an answer")
	}
}

func TestConnectionString(t *testing.T) {
	c := dialect.Config{Host: "db1", Database: "reg", User: "o'neil", Password: "s3cret", TLS: dialect.TLS{Mode: "verify-full"}, StatementTimeout: time.Minute}
	if o, err := dsn(c); err != nil || o != "oracle://o%27neil:s3cret@db1:1521/reg?SSL=true&SSL+VERIFY=true&TIMEOUT=70" {
		t.Error(o, err)
	}
}
