package legacy

const (
	pg    = "postgres"
	maria = "mariadb"
	lite  = "sqlite"
)

// both are the same statements for PostgreSQL and MariaDB, all of them for SQLite too.
func both(statements string) map[string]string {
	return map[string]string{pg: statements, maria: statements}
}
func all3(statements string) map[string]string {
	return map[string]string{pg: statements, maria: statements, lite: statements}
}

var changes = []change{
	{name: "nothing", by: all3("select 1"), want: "closed"},
	{name: "fewer decimals", form: form{amt: "2.55"}, want: "parked sql.not-exact",
		by: map[string]string{pg: "alter table HEAD alter AMT type numeric(9,1)", maria: "alter table HEAD modify AMT decimal(9,1)"}},
	{name: "fewer decimals that still suffice", form: form{amt: "2.5"}, want: "closed",
		by: map[string]string{pg: "alter table HEAD alter AMT type numeric(9,1)", maria: "alter table HEAD modify AMT decimal(9,1)"}},
	{name: "whole numbers", form: form{amt: "2.5"}, want: "parked sql.not-exact",
		by: map[string]string{pg: "alter table HEAD alter AMT type integer", maria: "alter table HEAD modify AMT int"}},
	{name: "shorter text", form: form{name: "Müller-Lüdenscheidt"}, want: "parked sql.too-long",
		by: map[string]string{pg: "alter table HEAD alter NAME type varchar(5)", maria: "alter table HEAD modify NAME varchar(5)"}},
	{name: "another character set", form: form{name: "Łódź"}, want: "parked sql.charset",
		by: map[string]string{maria: "alter table HEAD modify NAME varchar(20) character set latin1"}},
	{name: "column dropped", want: "waits sql.no-column", by: all3("alter table HEAD drop column NAME"),
		mend: map[string]string{pg: "alter table HEAD add NAME varchar(20); update HEAD set NAME = 'Ada'", maria: "alter table HEAD add NAME varchar(20); update HEAD set NAME = 'Ada'", lite: "alter table HEAD add NAME varchar(20); update HEAD set NAME = 'Ada'"}},
	{name: "column renamed", want: "waits sql.no-column", by: all3("alter table PART rename column WHAT to WHICH"), mend: all3("alter table PART rename column WHICH to WHAT")},
	{name: "table renamed", want: "waits sql.no-table", by: all3("alter table PERSON rename to PEOPLE"), mend: all3("alter table PEOPLE rename to PERSON")},
	{name: "table replaced by one of other types", form: form{amt: "2.55"}, want: "parked sql.not-exact",
		by: map[string]string{
			pg:    "create table NEW as select * from HEAD; alter table PART drop constraint PART_HEAD_ID_FKEY; alter sequence HEAD_ID_SEQ owned by none; drop table HEAD; create table HEAD (ID int primary key default nextval('head_id_seq'), AT timestamp(0), AMT numeric(9,1), NAME varchar(20), REF varchar(20)); insert into HEAD select ID, AT, AMT, NAME, REF from NEW; grant select, insert, update on HEAD to agent",
			maria: "create table NEW (ID int auto_increment primary key, AT datetime, AMT decimal(9,1), NAME varchar(20), REF varchar(20)) engine=InnoDB default charset=utf8mb4; insert into NEW select ID, AT, AMT, NAME, REF from HEAD; alter table PART drop foreign key PART_ibfk_1; drop table HEAD; rename table NEW to HEAD",
			lite:  "pragma foreign_keys = off; create table NEW (ID integer primary key, AT timestamp, AMT numeric(9,1), NAME varchar(20), REF varchar(20)); insert into NEW select ID, AT, AMT, NAME, REF from HEAD; drop table HEAD; alter table NEW rename to HEAD"}},
	{name: "required column", want: "parked sql.not-null",
		by: map[string]string{pg: "alter table HEAD add X int; update HEAD set X = 1; alter table HEAD alter X set not null", maria: "alter table HEAD add X int; update HEAD set X = 1; alter table HEAD modify X int not null"}},
	{name: "unique key that the form breaks", want: "parked sql.duplicate-key", by: all3("create unique index U on HEAD (NAME)")},
	{name: "key of an upsert dropped", want: "waits sql.no-unique-key",
		by:   map[string]string{pg: "alter table PERSON drop constraint PERSON_PKEY", maria: "alter table PERSON drop primary key"},
		mend: both("alter table PERSON add primary key (REF)")},
	{name: "trigger that swallows", want: "parked sql.rows-differ",
		by: map[string]string{
			pg:   "create function SWALLOW() returns trigger language plpgsql as 'begin return null; end'; create trigger G before insert on PART for each row execute function SWALLOW()",
			lite: "create trigger G before insert on PART begin select raise(ignore); end"}},
	{name: "rule that redirects", want: "parked sql.rows-differ",
		by: map[string]string{pg: "create table PART2 (like PART); grant insert on PART2 to agent; create rule R as on insert to PART do instead insert into PART2 values (new.*)"}},
	{name: "trigger that deletes the row again", want: "parked sql.rows-differ",
		by: map[string]string{
			pg:   "grant delete on PART to agent; create function AGAIN() returns trigger language plpgsql as 'begin delete from PART where HEAD_ID = new.HEAD_ID; return null; end'; create trigger G after insert on PART for each row execute function AGAIN()",
			lite: "create trigger G after insert on PART begin delete from PART where HEAD_ID = new.HEAD_ID; end"}},
	{name: "trigger that deletes the row at commit", want: "parked sql.rows-differ",
		by: map[string]string{pg: "grant delete on PERSON to agent; create function AGAIN() returns trigger language plpgsql as 'begin delete from PERSON where REF = new.REF; return null; end'; " +
			"create constraint trigger G after insert on PERSON deferrable initially deferred for each row execute function AGAIN()"}},
	{name: "trigger that deletes what another write wrote", want: "parked sql.rows-differ",
		by: map[string]string{
			pg:   "create function AGAIN() returns trigger language plpgsql security definer as 'begin delete from PERSON where REF = new.REF; delete from PART; delete from HEAD where REF = new.REF; return null; end'; create trigger G after insert on PERSON for each row execute function AGAIN()",
			lite: "create trigger G after insert on PERSON begin delete from PART where HEAD_ID in (select ID from HEAD where REF = new.REF); end"}},
	{name: "view with a trigger that writes nothing", want: "parked sql.rows-differ",
		by: map[string]string{
			pg: "alter table PART rename to PIECE; create view PART as select * from PIECE; grant insert on PART to agent; " +
				"create function DONE() returns trigger language plpgsql as 'begin return new; end'; create trigger G instead of insert on PART for each row execute function DONE()",
			lite: "alter table PART rename to PIECE; create view PART as select * from PIECE; create trigger G instead of insert on PART begin select 1; end"}},
	{name: "view over a table", want: "closed",
		by: map[string]string{pg: "alter table PART rename to PIECE; create view PART as select * from PIECE; grant insert on PART to agent"}},
	{name: "trigger that logs", want: "closed",
		by: map[string]string{
			pg:    "create table LOG (NO int); grant insert on LOG to agent; create function LOGS() returns trigger language plpgsql as 'begin insert into LOG values (new.NO); return null; end'; create trigger G after insert on PART for each row execute function LOGS()",
			maria: "create table LOG (NO int); create trigger G after insert on PART for each row insert into LOG values (new.NO)",
			lite:  "create table LOG (NO int); create trigger G after insert on PART begin insert into LOG values (new.NO); end"}},
	{name: "trigger that refuses", want: "parked sql.constraint",
		by: map[string]string{
			pg:    "create function NO() returns trigger language plpgsql as 'begin raise exception $$not so$$; end'; create trigger G before insert on PART for each row execute function NO()",
			maria: "create trigger G before insert on PART for each row signal sqlstate '45000' set message_text = 'not so'",
			lite:  "create trigger G before insert on PART begin select raise(abort, 'not so'); end"}},
	{name: "engine without transactions", want: "waits sql.no-transactions",
		by:   map[string]string{maria: "alter table PART drop foreign key PART_ibfk_1; alter table PART engine=MyISAM"},
		mend: map[string]string{maria: "alter table PART engine=InnoDB"}},
	{name: "rights revoked", want: "waits sql.grant", by: map[string]string{pg: "revoke insert on PART from agent"}, mend: map[string]string{pg: "grant insert on PART to agent"}},
	{name: "settings of the role", want: "parked sql.too-long", cut: true, form: form{name: "longer than twenty characters are"},
		by: map[string]string{
			pg:    "alter role agent set bytea_output = escape; alter role agent set datestyle = 'German'; alter role agent set timezone = 'Asia/Tokyo'; alter role agent set synchronous_commit = off; alter role agent set standard_conforming_strings = off",
			maria: "set global sql_mode = ''; set global time_zone = '+09:00'"},
		undo: map[string]string{pg: "alter role agent reset all", maria: "set global sql_mode = default; set global time_zone = default"}},
	{name: "ledger dropped", want: "waits sql.no-ledger", by: map[string]string{maria: "drop table INBASKET_LEDGER"},
		mend: map[string]string{maria: "create table INBASKET_LEDGER (DELIVERY varchar(64) character set ascii collate ascii_bin not null primary key, SUBMISSION varchar(13) character set ascii collate ascii_bin not null, DIGEST varchar(64) character set ascii, RETURNED longtext character set utf8mb4, WRITTEN_AT timestamp not null default current_timestamp) engine=InnoDB"}},
	{name: "table without rights to see it", want: "waits sql.no-table", by: map[string]string{pg: "create schema HIDDEN; alter table PERSON set schema HIDDEN"}, mend: map[string]string{pg: "alter table HIDDEN.PERSON set schema public"}},
	{name: "view in place of a table", want: "waits sql.no-unique-key",
		by:   map[string]string{pg: "alter table PERSON rename to PEOPLE; create view PERSON as select REF, NAME from PEOPLE; grant select, insert, update on PERSON to agent"},
		mend: map[string]string{pg: "drop view PERSON; alter table PEOPLE rename to PERSON"}},
}
