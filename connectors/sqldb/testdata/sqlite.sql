-- op 0 returning false
INSERT INTO "T" ("ID", "NAME") VALUES (?,?),(?,?); -- 4 args, item -1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?); -- 2 args, item 2
-- op 0 returning true
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 1 returning false
INSERT INTO "T" ("ID", "NAME") VALUES (?,?),(?,?) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME"; -- 4 args, item -1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME"; -- 2 args, item 2
-- op 1 returning true
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) ON CONFLICT ("ID") DO UPDATE SET "NAME" = EXCLUDED."NAME" RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 2 returning false
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 0
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 1
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 2
-- op 2 returning true
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 0
SELECT "NO" FROM "T" WHERE "ID" = ?; -- 1 args, item 0
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 1
SELECT "NO" FROM "T" WHERE "ID" = ?; -- 1 args, item 1
UPDATE "T" SET "NAME" = ? WHERE "ID" = ?; -- 2 args, item 2
SELECT "NO" FROM "T" WHERE "ID" = ?; -- 1 args, item 2
-- op 3 returning false
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") VALUES (?,?),(?,?); -- 4 args, item -1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?); -- 2 args, item 2
-- op 3 returning true
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 0
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 0
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 1
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 1
DELETE FROM "T" WHERE "ID" = ?; -- 1 args, item 2
SELECT 1 FROM "T" WHERE "ID" = ?; -- 1 args, item 2
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 0
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 1
INSERT INTO "T" ("ID", "NAME") VALUES (?,?) RETURNING "NO", "ID", "NAME"; -- 2 args, item 2
-- op 4 returning false
error write w: sql.unsupported: this kind of write is not possible here
-- op 4 returning true
error write w: sql.unsupported: this kind of write is not possible here
-- ledger
CREATE TABLE IF NOT EXISTS INBASKET_LEDGER (
  DELIVERY varchar(64) NOT NULL PRIMARY KEY,
  SUBMISSION varchar(13) NOT NULL,
  DIGEST varchar(64),
  RETURNED text,
  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
-- A ledger of an earlier version lacks a column: ALTER TABLE INBASKET_LEDGER ADD DIGEST varchar(64);
