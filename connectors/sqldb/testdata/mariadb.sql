-- op 0 returning false
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?),(?,?); -- 4 args, item -1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?); -- 2 args, item 2
-- op 0 returning true
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 0
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 2
-- op 1 returning false
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?),(?,?) ON DUPLICATE KEY UPDATE `NAME` = VALUES(`NAME`); -- 4 args, item -1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) ON DUPLICATE KEY UPDATE `NAME` = VALUES(`NAME`); -- 2 args, item 2
-- op 1 returning true
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) ON DUPLICATE KEY UPDATE `NAME` = VALUES(`NAME`) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 0
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) ON DUPLICATE KEY UPDATE `NAME` = VALUES(`NAME`) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) ON DUPLICATE KEY UPDATE `NAME` = VALUES(`NAME`) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 2
-- op 2 returning false
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 0
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 1
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 2
-- op 2 returning true
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 0
SELECT `NO` FROM `T` WHERE `ID` = ?; -- 1 args, item 0
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 1
SELECT `NO` FROM `T` WHERE `ID` = ?; -- 1 args, item 1
UPDATE `T` SET `NAME` = ? WHERE `ID` = ?; -- 2 args, item 2
SELECT `NO` FROM `T` WHERE `ID` = ?; -- 1 args, item 2
-- op 3 returning false
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 0
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 0
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 1
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 1
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 2
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 2
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?),(?,?); -- 4 args, item -1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?); -- 2 args, item 2
-- op 3 returning true
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 0
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 0
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 1
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 1
DELETE FROM `T` WHERE `ID` = ?; -- 1 args, item 2
SELECT 1 FROM `T` WHERE `ID` = ?; -- 1 args, item 2
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 0
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 1
INSERT INTO `T` (`ID`, `NAME`) VALUES (?,?) RETURNING `NO`, `ID`, `NAME`; -- 2 args, item 2
-- op 4 returning false
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 0
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 0
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 1
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 1
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 2
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 2
-- op 4 returning true
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 0
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 0
SELECT @ib_1 AS `NO`, @ib_3 AS `NAME`; -- 0 args, item 0
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 1
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 1
SELECT @ib_1 AS `NO`, @ib_3 AS `NAME`; -- 0 args, item 1
SET @ib_1 = NULL, @ib_3 = ?; -- 1 args, item 2
CALL T(@ib_1, ?, @ib_3); -- 1 args, item 2
SELECT @ib_1 AS `NO`, @ib_3 AS `NAME`; -- 0 args, item 2
-- ledger
CREATE TABLE IF NOT EXISTS INBASKET_LEDGER (
  DELIVERY varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  SUBMISSION varchar(13) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  DIGEST varchar(64) CHARACTER SET ascii,
  RETURNED longtext CHARACTER SET utf8mb4,
  WRITTEN_AT timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB;
-- A ledger of an earlier version lacks a column: ALTER TABLE INBASKET_LEDGER ADD DIGEST varchar(64);
GRANT SELECT, INSERT, UPDATE ON INBASKET_LEDGER TO 'inbasket'@'%';
