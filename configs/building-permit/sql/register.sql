-- The register's tables, as the legacy system has them; here for SQLite.
-- register.postgres.sql has the same for PostgreSQL.
create table APPLICATION (
  CASE_NO     integer primary key,
  FORM_REF    varchar(40) not null unique,
  SENT_AT     timestamp,
  KIND        char(1) not null check (KIND in ('N', 'C', 'D')),
  DESCRIPTION varchar(2000) not null default '',
  SURNAME     varchar(60) not null,
  GIVEN       varchar(60) not null,
  BORN        date,
  EMAIL       varchar(100),
  STREET      varchar(60) not null,
  POSTCODE    char(5) not null,
  TOWN        varchar(40) not null,
  SITE        varchar(120) not null,
  AREA        numeric(12,2),
  FEE         numeric(9,2) not null
);
create table APPLICATION_PARCEL (
  CASE_NO  integer not null references APPLICATION (CASE_NO),
  LINE_NO  integer not null,
  DISTRICT varchar(30) not null,
  PARCEL   varchar(20) not null,
  AREA     numeric(12,2),
  primary key (CASE_NO, LINE_NO)
);
create table DECISION (
  ID      integer primary key,
  CASE_NO integer not null references APPLICATION (CASE_NO),
  STATUS  char(1) not null,
  REASON  varchar(400),
  PDF     blob,
  SENT    timestamp
);
