//go:build !windows

package windows

import (
	"database/sql"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to look into the legacy system's database
)

// TestDatabase delivers each form into a legacy database and a file drop at once.
func TestDatabase(t *testing.T) {
	need(t)
	p, home := program(t), `C:\Ämter\mit Register`
	agentAt(t, home)
	change(t, home+`\inbasket.yaml`, "targets:\n", "targets:\n  register: {sqlite: {path: register.db}}\n")
	change(t, home+`\mappings\contact.yaml`, "write:\n", `write:
  - as: entry
    to: register
    table: CONTACT
    key: [REFERENCE]
    fields: {REFERENCE: form.reference, SURNAME: form.applicant.familyName | trim(), TEXT: form.text}
`)
	ddl := ok(t, p, "ledger", "ddl", "register", "--config", home+`\inbasket.yaml`)
	db, err := sql.Open("sqlite", w.host(home+`\register.db`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("create table CONTACT (REFERENCE text primary key, SURNAME text, TEXT text);\n" + ddl); err != nil {
		t.Fatalf("%v\n%s", err, ddl)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = run(t, p, "service", "uninstall") })
	ok(t, p, "service", "install", "--config", home+`\inbasket.yaml`)
	want := references("D", 5)
	for _, r := range want {
		form(t, home+`\in`, r)
	}
	delivered(t, home+`\out`, want...)
	eventually(t, "all are closed", func() bool {
		return strings.Contains(ok(t, p, "status", "--config", home+`\inbasket.yaml`), "5 closed")
	})
	ok(t, p, "service", "stop")

	db, err = sql.Open("sqlite", w.host(home+`\register.db`))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows, ledger int
	var surname string
	if err := db.QueryRow("select count(*), min(SURNAME) from CONTACT").Scan(&rows, &surname); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("select count(*) from INBASKET_LEDGER").Scan(&ledger); err != nil {
		t.Fatal(err)
	}
	if rows != len(want) || ledger != len(want) || surname != "Müller" {
		t.Errorf("%d rows, %d in the ledger, surname %q", rows, ledger, surname)
	}
}
