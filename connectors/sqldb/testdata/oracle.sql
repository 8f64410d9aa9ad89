-- op 0 returning false
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 2
-- op 0 returning true
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 2
-- op 1 returning false
MERGE INTO "T" t USING (SELECT :1 "ID", :2 "NAME" FROM DUAL) s ON (t."ID" = s."ID") WHEN MATCHED THEN UPDATE SET "NAME" = s."NAME" WHEN NOT MATCHED THEN INSERT ("ID", "NAME") VALUES (s."ID", s."NAME"); -- 2 args, item 0
MERGE INTO "T" t USING (SELECT :1 "ID", :2 "NAME" FROM DUAL) s ON (t."ID" = s."ID") WHEN MATCHED THEN UPDATE SET "NAME" = s."NAME" WHEN NOT MATCHED THEN INSERT ("ID", "NAME") VALUES (s."ID", s."NAME"); -- 2 args, item 1
MERGE INTO "T" t USING (SELECT :1 "ID", :2 "NAME" FROM DUAL) s ON (t."ID" = s."ID") WHEN MATCHED THEN UPDATE SET "NAME" = s."NAME" WHEN NOT MATCHED THEN INSERT ("ID", "NAME") VALUES (s."ID", s."NAME"); -- 2 args, item 2
-- op 1 returning true
error write w: sql.unsupported: this kind of write is not possible here
-- op 2 returning false
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 0
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 1
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 2
-- op 2 returning true
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 0
SELECT "NO" FROM "T" WHERE "ID" = :1; -- 1 args, item 0
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 1
SELECT "NO" FROM "T" WHERE "ID" = :1; -- 1 args, item 1
UPDATE "T" SET "NAME" = :1 WHERE "ID" = :2; -- 2 args, item 2
SELECT "NO" FROM "T" WHERE "ID" = :1; -- 1 args, item 2
-- op 3 returning false
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2); -- 2 args, item 2
-- op 3 returning true
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = :1; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = :1; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (:1,:2) RETURNING "NO" INTO :3; -- 2 args, item 2
-- op 4 returning false
BEGIN T(ID => :1, NAME => :2); END;; -- 2 args, item 0
BEGIN T(ID => :1, NAME => :2); END;; -- 2 args, item 1
BEGIN T(ID => :1, NAME => :2); END;; -- 2 args, item 2
-- op 4 returning true
error write w: sql.unsupported: this kind of write is not possible here
-- ledger
CREATE TABLE INBASKET_LEDGER (
  DELIVERY varchar2(64) NOT NULL PRIMARY KEY,
  SUBMISSION varchar2(13) NOT NULL,
  DIGEST varchar2(64),
  RETURNED varchar2(4000),
  WRITTEN_AT timestamp DEFAULT SYSTIMESTAMP NOT NULL
);
-- A ledger of an earlier version lacks a column: ALTER TABLE INBASKET_LEDGER ADD DIGEST varchar2(64);
GRANT SELECT, INSERT, UPDATE ON INBASKET_LEDGER TO inbasket;
