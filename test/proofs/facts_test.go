package proofs

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/prove"
)

// TestFacts sees what may refuse a row in the catalogue of real databases: nothing is proved beside it, or the proof rests on it.
func TestFacts(t *testing.T) {
	const trigger = "create trigger TRG after insert on T "
	for _, c := range []struct {
		name, ddl string
		want      map[string]string // by engine, what is said; all: of every one
		rests     bool              // it is proved, and rests on that
	}{
		{"a plain table", "create table T (ID varchar(13) not null, C varchar(20))", map[string]string{"all": ""}, true},
		{"a check", "create table T (ID varchar(13) not null, C varchar(20), check (C <> 'x'))", map[string]string{"sqlite": "CHECK", "postgres": "the check t_c_check", "mariadb": "the check CONSTRAINT_1"}, false},
		{"a check of a column", "create table T (ID varchar(13) not null, C varchar(20) check (C <> 'x'))", map[string]string{"sqlite": "CHECK", "postgres": "the check t_c_check", "mariadb": "the check C"}, false},
		{"a check of words", "create table T (ID varchar(13) not null, C varchar(20), R char(1) not null default 'A' check (R in ('A', 'B')))", map[string]string{"postgres": "the default of T.R keeps the check t_r_check"}, true},
		{"a check of words that the form breaks", "create table T (ID varchar(13) not null, C varchar(20) check (C in ('A', 'B')))", map[string]string{"postgres": "the check t_c_check of T may refuse what is written to C"}, false},
		{"a check of a domain", "create domain D as varchar(20) check (value <> 'x');create table T (ID varchar(13) not null, C D)", map[string]string{"postgres": "the check d_check of a domain"}, false},
		{"a partial unique index", "create table T (ID varchar(13) not null, C varchar(20));create unique index U on T (C) where C <> ''", map[string]string{"sqlite": "the unique index U", "postgres": "the index u"}, false},
		{"a unique index over a part", "create table T (ID varchar(13) not null, C varchar(20), unique U (C(3)))", map[string]string{"mariadb": "the unique index U"}, false},
		{"an index over an expression", "create table T (ID varchar(13) not null, C varchar(20));create index U on T ((C || ''))", map[string]string{"postgres": "the index u"}, false},
		{"an exclusion", "create table T (ID varchar(13) not null, C varchar(20), exclude (C with =))", map[string]string{"postgres": "the check t_c_excl"}, false},
		{"partitions", "create table T (ID varchar(13) not null, C varchar(20)) partition by list (C)", map[string]string{"postgres": "the partitions of t"}, false},
		{"partitions of MariaDB", "create table T (ID varchar(13) not null, C varchar(20)) partition by list columns (C) (partition p values in ('a'))", map[string]string{"mariadb": "its partitions"}, false},
		{"a computed column", "create table T (ID varchar(13) not null, C varchar(20), G integer generated always as (length(C)) stored)", map[string]string{"all": "the computed column"}, false},
		{"a foreign key", "create table P (C varchar(20) primary key);create table T (ID varchar(13) not null, C varchar(20), foreign key (C) references P (C))", map[string]string{"all": "whether P has the row"}, false},
		{"a unique column", "create table T (ID varchar(13) not null, C varchar(20) unique)", map[string]string{"all": "two records may have the same C"}, false},
		{"a view", "create table B (ID varchar(13) not null, C varchar(20));create view T as select * from B", map[string]string{"all": "T is a view"}, false},
		{"a required column", "create table T (ID varchar(13) not null, C varchar(20), D integer not null)", map[string]string{"all": "T.D is required"}, false},
		{"a default", "create table T (ID varchar(13) not null, C varchar(20), D integer not null default 1)", map[string]string{"all": "the default of T.D"}, true},
		{"a trigger", "create table T (ID varchar(13) not null, C varchar(20));" + trigger + "for each row set @x = 1", map[string]string{"mariadb": "the trigger TRG"}, true},
		{"a row format", "create table T (ID varchar(13) not null, C varchar(20)) row_format=compact", map[string]string{"mariadb": "its row format Compact"}, false},
		{"a negative scale", "create table T (ID varchar(13) not null, C numeric(9,-2))", map[string]string{"postgres": "what a column of type numeric makes"}, false},
	} {
		for _, e := range engines {
			want, here := c.want[e.typ]
			if all, every := c.want["all"]; every {
				want, here = all, true
			}
			if !here {
				continue
			}
			t.Run(c.name+"/"+e.typ, func(t *testing.T) {
				t.Parallel()
				target := e.open(t, c.ddl, "UTC")
				plan := loaded(t, fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: json, schema: s.json}\nwrite: [{as: w, to: legacy, table: T, fields: {ID: submission.id, C: form.c}}]\n")},
					"s.json": {Data: []byte(`{"type": "object", "properties": {"c": {"type": "string", "maxLength": 20}}}`)}}, "m.yaml")
				facts, err := target.(connectors.Knower).Facts(context.Background(), prove.Tables(plan, "legacy"))
				must(t, err)
				p := prove.Prove(plan, "legacy", facts, clock{}.Now)
				said := slices.Clone(p.Rests)
				if !c.rests {
					said = nil
					for _, g := range p.Open {
						said = append(said, g.What)
					}
				}
				if p.Proved != c.rests || !strings.Contains(strings.ToLower(strings.Join(said, "; ")), strings.ToLower(want)) {
					t.Errorf("it says\n%s", told(p))
				}
			})
		}
	}
}
