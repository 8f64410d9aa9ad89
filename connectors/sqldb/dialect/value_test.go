package dialect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/tlsfiles"
)

func TestDateTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fam      Family
		in, want string
	}{
		{FamDateTime, "2026-07-01T12:00:00Z", "2026-07-01 14:00:00"},
		{FamDateTime, "2026-07-01T12:00:00.123456", "2026-07-01 12:00:00.123456"},
		{FamInstant, "2026-01-01T12:00:00", "2026-01-01 12:00:00+01:00"},
		{FamInstant, "2026-01-01T12:00:00-05:00", "2026-01-01 12:00:00-05:00"},
		{FamDate, "2026-07-01T00:00:00", "2026-07-01"},
		{FamDate, "2026-07-01T00:00:01", CodeNotExact},
		{FamDateTime, "yesterday", CodeWrongType},
		{FamText, "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"},
	} {
		got, err := Arg(&Column{Name: "C", Fam: c.fam, Scale: AnyScale}, connectors.Value{Kind: connectors.DateTime, Str: c.in}, berlin)
		var m *Misfit
		if errors.As(err, &m) {
			got = m.Code
		}
		if got != c.want {
			t.Errorf("%v %s: %v, want %s", c.fam, c.in, got, c.want)
		}
	}
}

func TestConfig(t *testing.T) {
	d := Dialect{Parallel: 2}
	good := d.Defaults()
	good.DSN = "x"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := Config{Ledger: true, LedgerTable: "a;b", Port: 70000, TLS: TLS{Mode: "on", Config: tlsfiles.Config{Cert: "c"}}, Zone: "Mars", StatementTimeout: -1}
	err := bad.Validate()
	for _, word := range []string{"dsn", "parallel", "max-group", "port", "timeout", "ledger-table", "tls.mode", "tls.cert", "zone"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s not in %v", word, err)
		}
	}
}
