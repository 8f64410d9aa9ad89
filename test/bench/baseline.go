package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed baseline.py
var pythonScript string

//go:embed tables.sql
var tablesSQL string

const (
	insertParent = `insert into application (form_ref, submitted_at, language, kind, given_name, family_name, birth_date,
 email, phone, tax_id, nationality, marital_status, street, house_number, postal_code, city, country, employer,
 occupation, monthly_income, iban, bic, holder, consent, remarks)
 values ($1,$2::text::timestamptz,$3,$4,$5,$6,$7::text::date,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20::text::numeric,$21,$22,$23,$24,$25)`
	insertChild = `insert into dependant (application_id, line_no, given_name, family_name, birth_date, relation)
 values ($1,$2,$3,$4,$5::text::date,$6)`
	insertOwnChild = `insert into dependant (application_id, line_no, given_name, family_name, birth_date, relation)
 values (currval(pg_get_serial_sequence('application','id')),$1,$2,$3,$4::text::date,$5)`
)

// parentArgs are the parameters of insertParent.
func parentArgs(a *application) []any {
	return []any{
		a.Meta.Reference, a.Meta.SubmittedAt, a.Meta.Language, a.Kind, a.Applicant.GivenName, a.Applicant.FamilyName,
		a.Applicant.BirthDate, a.Applicant.Email, a.Applicant.Phone, a.Applicant.TaxID, a.Applicant.Nationality,
		a.Applicant.MaritalStatus, a.Address.Street, a.Address.HouseNumber, a.Address.PostalCode, a.Address.City,
		a.Address.Country, a.Employment.Employer, a.Employment.Occupation, a.Employment.MonthlyIncome.String(),
		a.Bank.IBAN, a.Bank.BIC, a.Bank.Holder, a.Consent, a.Remarks,
	}
}

// names returns the forms that wait in dir, sorted.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			list = append(list, e.Name())
		}
	}
	return list, nil
}

func read(path string) (*application, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a := new(application)
	return a, json.Unmarshal(b, a)
}

func done(dir, name string) error {
	return os.Rename(filepath.Join(dir, name), filepath.Join(dir, "done", name))
}

// loop is baseline (b): a transaction per form, a statement per row, no journal.
func loop(ctx context.Context, dir, dsn string) error {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	list, err := names(dir)
	if err != nil {
		return err
	}
	for _, name := range list {
		a, err := read(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := insert(ctx, db, a); err != nil {
			return err
		}
		if err := done(dir, name); err != nil {
			return err
		}
	}
	return nil
}

func insert(ctx context.Context, db *pgx.Conn, a *application) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	var id int64
	if err := tx.QueryRow(ctx, insertParent+" returning id", parentArgs(a)...).Scan(&id); err != nil {
		return err
	}
	for i, d := range a.Dependants {
		if _, err := tx.Exec(ctx, insertChild, id, i+1, d.GivenName, d.FamilyName, d.BirthDate, d.Relation); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// pipeline is baseline (c): 100 forms per transaction, all its statements in one pipelined batch.
func pipeline(ctx context.Context, dir, dsn string) error {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	list, err := names(dir)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		part := list[:min(100, len(list))]
		list = list[len(part):]
		var batch pgx.Batch
		batch.Queue("begin")
		for _, name := range part {
			a, err := read(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			batch.Queue(insertParent, parentArgs(a)...)
			for i, d := range a.Dependants {
				batch.Queue(insertOwnChild, i+1, d.GivenName, d.FamilyName, d.BirthDate, d.Relation)
			}
		}
		batch.Queue("commit")
		if err := db.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		for _, name := range part {
			if err := done(dir, name); err != nil {
				return err
			}
		}
	}
	return nil
}
