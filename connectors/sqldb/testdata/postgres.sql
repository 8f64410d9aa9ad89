-- op 0 returning false
INSERT INTO "T" ("ID", "NAME") SELECT * FROM unnest($1, $2); -- 2 args, item -1
-- op 0 returning true
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 1 returning false
INSERT INTO "T" ("ID", "NAME") SELECT * FROM unnest($1, $2) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME"; -- 2 args, item -1
-- op 1 returning true
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 2 returning false
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 0
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 1
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 2
-- op 2 returning true
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 0
SELECT "NO" FROM "T" WHERE "ID" = $1; -- 1 args, item 0
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 1
SELECT "NO" FROM "T" WHERE "ID" = $1; -- 1 args, item 1
UPDATE "T" SET "NAME" = $1 WHERE "ID" = $2; -- 2 args, item 2
SELECT "NO" FROM "T" WHERE "ID" = $1; -- 1 args, item 2
-- op 3 returning false
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") SELECT * FROM unnest($1, $2); -- 2 args, item -1
-- op 3 returning true
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = $1; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = $1; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES ($1,$2) RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 4 returning false
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 0
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 1
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 2
-- op 4 returning true
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 0
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 1
CALL T("NO" => NULL, "ID" => $1, "NAME" => $2); -- 2 args, item 2
-- ledger
CREATE TABLE IF NOT EXISTS INBASKET_LEDGER (
  DELIVERY varchar(64) NOT NULL PRIMARY KEY,
  SUBMISSION varchar(13) NOT NULL,
  DIGEST varchar(64),
  RETURNED text,
  WRITTEN_AT timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- A ledger of an earlier version lacks a column: ALTER TABLE INBASKET_LEDGER ADD DIGEST varchar(64);
GRANT SELECT, INSERT, UPDATE ON INBASKET_LEDGER TO inbasket;
