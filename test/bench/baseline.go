package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
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

// pipeline is baseline (c), and (f) with two workers: 100 forms per transaction, all its statements in one pipelined batch.
func pipeline(ctx context.Context, dir, dsn string, workers int) error {
	return inParts(ctx, dir, dsn, workers, func(db *pgx.Conn, forms []*application) error {
		var batch pgx.Batch
		batch.Queue("begin")
		for _, a := range forms {
			batch.Queue(insertParent, parentArgs(a)...)
			for i, d := range a.Dependants {
				batch.Queue(insertOwnChild, i+1, d.GivenName, d.FamilyName, d.BirthDate, d.Relation)
			}
		}
		batch.Queue("commit")
		return db.SendBatch(ctx, &batch).Close()
	})
}

// inParts lets workers, each with a connection, write its share of the forms, 100 at a time.
func inParts(ctx context.Context, dir, dsn string, workers int, write func(*pgx.Conn, []*application) error) error {
	list, err := names(dir)
	if err != nil {
		return err
	}
	failed := make(chan error, workers)
	for n := range workers {
		go func() { failed <- inTurn(ctx, dir, dsn, list[len(list)*n/workers:len(list)*(n+1)/workers], write) }()
	}
	for range workers {
		err = errors.Join(err, <-failed)
	}
	return err
}

func inTurn(ctx context.Context, dir, dsn string, list []string, write func(*pgx.Conn, []*application) error) error {
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	for part := range slices.Chunk(list, 100) {
		forms := make([]*application, len(part))
		for i, name := range part {
			if forms[i], err = read(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		if err := write(db, forms); err != nil {
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

// copyRows is baseline (g): keys are drawn from the sequence first, then both tables are filled by COPY.
func copyRows(ctx context.Context, dir, dsn string) error {
	columns := strings.Split("id,form_ref,submitted_at,language,kind,given_name,family_name,birth_date,email,phone,tax_id,nationality,marital_status,"+
		"street,house_number,postal_code,city,country,employer,occupation,monthly_income,iban,bic,holder,consent,remarks", ",")
	childColumns := []string{"application_id", "line_no", "given_name", "family_name", "birth_date", "relation"}
	return inParts(ctx, dir, dsn, 2, func(db *pgx.Conn, forms []*application) error {
		rows, err := db.Query(ctx, "select nextval(pg_get_serial_sequence('application','id')) from generate_series(1, $1::int)", len(forms))
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		var parents, children [][]any
		for i, a := range forms {
			args, err := copyArgs(a)
			if err != nil {
				return err
			}
			parents = append(parents, append([]any{ids[i]}, args...))
			for n, d := range a.Dependants {
				born, err := time.Parse(time.DateOnly, d.BirthDate)
				if err != nil {
					return err
				}
				children = append(children, []any{ids[i], n + 1, d.GivenName, d.FamilyName, born, d.Relation})
			}
		}
		tx, err := db.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"application"}, columns, pgx.CopyFromRows(parents)); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"dependant"}, childColumns, pgx.CopyFromRows(children)); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// copyArgs are parentArgs in the types of the columns: COPY is binary.
func copyArgs(a *application) ([]any, error) {
	args := parentArgs(a)
	submitted, err := time.Parse(time.RFC3339, a.Meta.SubmittedAt)
	if err != nil {
		return nil, err
	}
	born, err := time.Parse(time.DateOnly, a.Applicant.BirthDate)
	if err != nil {
		return nil, err
	}
	var income pgtype.Numeric
	if err := income.Scan(a.Employment.MonthlyIncome.String()); err != nil {
		return nil, err
	}
	args[1], args[6], args[19] = submitted, born, income
	return args, nil
}
