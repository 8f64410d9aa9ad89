-- The tables of these mappings, for PostgreSQL.
create table LICENCE (
  REFERENCE varchar(20) primary key,
  SENT_AT   timestamptz not null,
  FIRST     text,
  LAST      text,
  TOWN      text,
  POSTCODE  text,
  PETS      text
);
create table KEEPER (
  REFERENCE varchar(20) not null references LICENCE,
  NO        smallint not null,
  LAST      text,
  primary key (REFERENCE, NO)
);
create table NOTICE (
  REFERENCE varchar(20) primary key,
  SENT_AT   timestamptz,
  BSN       char(9),
  MOVES     date,
  LEASE     bytea,
  FILE_NAME text,
  SIGNED    bytea
);
create table INTAKE (
  REFERENCE text primary key,
  SENT_AT   timestamptz,
  NAME      text,
  BORN      date,
  SMOKES    char(1),
  A_DAY     smallint,
  ALLERGIES text,
  SEX       text
);
create table CHILD (
  REFERENCE text not null references INTAKE,
  NAME      text
);
