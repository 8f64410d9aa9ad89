package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// TestLocalSet says which statements of session: can be made ones of a transaction.
func TestLocalSet(t *testing.T) {
	for q, want := range map[string]string{
		"set lock_timeout = '5s';":               "SET LOCAL lock_timeout = '5s'",
		" SET SESSION lock_timeout TO 5 ":        "SET LOCAL lock_timeout TO 5",
		"Set Local role clerk":                   "SET LOCAL role clerk",
		"set time zone 'UTC'":                    "SET LOCAL time zone 'UTC'",
		"SET SESSION AUTHORIZATION x":            "",
		"SET TRANSACTION READ ONLY":              "",
		"set session characteristics as x":       "",
		"SET CONSTRAINTS ALL DEFERRED":           "",
		"select set_config('a', 'b', false)":     "",
		"RESET ALL":                              "",
		"settle x":                               "",
		"set\n  search_path = app, public ;  \n": "SET LOCAL search_path = app, public",
	} {
		if got, ok := localSet(q); got != want || ok != (want != "") {
			t.Errorf("%q: %q", q, got)
		}
	}
}

// TestBytea reads both text forms of bytes, and nothing else as text.
func TestBytea(t *testing.T) {
	for in, want := range map[string]string{`\x00ff5c`: "\x00\xff\\", `\x`: "", ``: "", `\000\001\\a'\377`: "\x00\x01\\a'\xff", `%PDF-1.7\000`: "%PDF-1.7\x00"} {
		v, err := cell(17, []byte(in))
		if err != nil || v.Kind != connectors.Binary {
			t.Fatalf("%q: %v", in, err)
		}
		if b, err := dialect.ReadBlob(v.Blob); err != nil || string(b) != want {
			t.Errorf("%q: %q", in, b)
		}
	}
	for _, in := range []string{`\x0`, `\xzz`, `\`, `a\9`, `\00`, `\999`, `\400`} {
		if v, err := cell(17, []byte(in)); err == nil {
			t.Errorf("%q was read as %v", in, v)
		}
	}
	if n := StatementName(strings.Repeat("x", 100000)); len(n) > 63 || n == StatementName("x") {
		t.Error(n)
	}
}

// TestVerdicts says what errors mean.
func TestVerdicts(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		err   error
		class connectors.Class
		code  string
	}{
		{pg("40P01"), connectors.Transient, dialect.CodeBusy},
		{pg("53300"), connectors.Transient, dialect.CodeBusy},
		{pg("57014"), connectors.Transient, dialect.CodeTimeout},
		{pg("40003"), connectors.Uncertain, dialect.CodeUnclear},
		{pg("22007"), connectors.ItemError, dialect.CodeWrongType},
		{pg("P0001"), connectors.ItemError, dialect.CodeConstraint},
		{pg("28P01"), connectors.TargetError, dialect.CodeLogin},
		{pg("42501"), connectors.TargetError, dialect.CodeGrant},
		{pg("53100"), connectors.TargetError, dialect.CodeFull},
		{pg("25006"), connectors.TargetError, dialect.CodeReadOnly},
		{pg("428C9"), connectors.TargetError, dialect.CodeGenerated},
		{pg("XX000"), connectors.TargetError, dialect.CodeRefused},
	} {
		if v := verdict(c.err); v.Class != c.class || v.Code != c.code {
			t.Errorf("%v: %v %s, want %v %s", c.err, v.Class, v.Code, c.class, c.code)
		}
	}
}

func TestConnectionString(t *testing.T) {
	c := dialect.Config{Host: "db1", Database: "reg", User: "o'neil", Password: "s3cret", TLS: dialect.TLS{Mode: "verify-full"}, StatementTimeout: time.Minute}
	if got := dsn(connectors.Env{}, c); got != ` host='db1' dbname='reg' user='o\'neil' sslmode='verify-full'` {
		t.Error(got)
	}
}
