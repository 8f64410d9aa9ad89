package oracle

import (
	"errors"
	"strconv"
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

// TestEncoded: a text that the database's character set lacks is refused before the driver puts question marks into it, and lengths
// in bytes are those that it takes there.
func TestEncoded(t *testing.T) {
	t.Parallel()
	const latin1, windows, ascii, unicode, utf8 = 31, 178, 1, 873, 871
	for _, c := range []struct {
		set    int
		length int
		text   string
		code   string
	}{
		{unicode, 5, "漢字", dialect.CodeTooLong}, {unicode, 6, "漢字", ""}, {utf8, 6, "漢字", ""},
		{latin1, 5, "Größe", ""}, {latin1, 4, "Größe", dialect.CodeTooLong}, {latin1, 0, "Größe", ""}, {latin1, 9, "Łódź", dialect.CodeCharset}, {latin1, 9, "5 €", dialect.CodeCharset},
		{windows, 3, "5 €", ""}, {windows, 9, "漢", dialect.CodeCharset}, {windows, 9, "😀", dialect.CodeCharset}, {windows, 9, "a\u0308", dialect.CodeCharset},
		{ascii, 9, "Grosse", ""}, {ascii, 9, "Größe", dialect.CodeCharset},
	} {
		t.Run(strconv.Itoa(c.set)+" "+c.text, func(t *testing.T) {
			t.Parallel()
			col := &dialect.Column{Name: "NAME", Typ: "VARCHAR2", Fam: dialect.FamText, Length: c.length, Bytes: true, Encoded: encoding(c.set)}
			_, err := arg(col, connectors.Value{Kind: connectors.Text, Str: c.text}, time.UTC)
			var m *dialect.Misfit
			if errors.As(err, &m) != (c.code != "") || m != nil && m.Code != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
		})
	}
}
