-- Some thousand labels, so that lists are probed and filters meet the scan: the answers are those of EXACT.

CREATE TABLE t (id BIGINT PRIMARY KEY, part BIGINT, z VECTOR(4));

INSERT INTO t VALUES (0, 0, normalize([0 % 97 - 48, 0 * 7 % 101 - 50, 0 * 13 % 103 - 51, 0 * 29 % 107 - 53])), (1, 1, normalize([1 % 97 - 48, 1 * 7 % 101 - 50, 1 * 13 % 103 - 51, 1 * 29 % 107 - 53])), (2, 2, normalize([2 % 97 - 48, 2 * 7 % 101 - 50, 2 * 13 % 103 - 51, 2 * 29 % 107 - 53])), (3, 3, normalize([3 % 97 - 48, 3 * 7 % 101 - 50, 3 * 13 % 103 - 51, 3 * 29 % 107 - 53]));
--= 4 changed

INSERT INTO t SELECT id + 4, (id + 4) % 50, normalize([(id + 4) % 97 - 48, (id + 4) * 7 % 101 - 50, (id + 4) * 13 % 103 - 51, (id + 4) * 29 % 107 - 53]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, (id + 8) % 50, normalize([(id + 8) % 97 - 48, (id + 8) * 7 % 101 - 50, (id + 8) * 13 % 103 - 51, (id + 8) * 29 % 107 - 53]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, (id + 16) % 50, normalize([(id + 16) % 97 - 48, (id + 16) * 7 % 101 - 50, (id + 16) * 13 % 103 - 51, (id + 16) * 29 % 107 - 53]) FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, (id + 32) % 50, normalize([(id + 32) % 97 - 48, (id + 32) * 7 % 101 - 50, (id + 32) * 13 % 103 - 51, (id + 32) * 29 % 107 - 53]) FROM t;
--= 32 changed

INSERT INTO t SELECT id + 64, (id + 64) % 50, normalize([(id + 64) % 97 - 48, (id + 64) * 7 % 101 - 50, (id + 64) * 13 % 103 - 51, (id + 64) * 29 % 107 - 53]) FROM t;
--= 64 changed

INSERT INTO t SELECT id + 128, (id + 128) % 50, normalize([(id + 128) % 97 - 48, (id + 128) * 7 % 101 - 50, (id + 128) * 13 % 103 - 51, (id + 128) * 29 % 107 - 53]) FROM t;
--= 128 changed

INSERT INTO t SELECT id + 256, (id + 256) % 50, normalize([(id + 256) % 97 - 48, (id + 256) * 7 % 101 - 50, (id + 256) * 13 % 103 - 51, (id + 256) * 29 % 107 - 53]) FROM t;
--= 256 changed

INSERT INTO t SELECT id + 512, (id + 512) % 50, normalize([(id + 512) % 97 - 48, (id + 512) * 7 % 101 - 50, (id + 512) * 13 % 103 - 51, (id + 512) * 29 % 107 - 53]) FROM t;
--= 512 changed

INSERT INTO t SELECT id + 1024, (id + 1024) % 50, normalize([(id + 1024) % 97 - 48, (id + 1024) * 7 % 101 - 50, (id + 1024) * 13 % 103 - 51, (id + 1024) * 29 % 107 - 53]) FROM t;
--= 1024 changed

INSERT INTO t SELECT id + 2048, (id + 2048) % 50, normalize([(id + 2048) % 97 - 48, (id + 2048) * 7 % 101 - 50, (id + 2048) * 13 % 103 - 51, (id + 2048) * 29 % 107 - 53]) FROM t;
--= 2048 changed

INSERT INTO t SELECT id + 4096, (id + 4096) % 50, normalize([(id + 4096) % 97 - 48, (id + 4096) * 7 % 101 - 50, (id + 4096) * 13 % 103 - 51, (id + 4096) * 29 % 107 - 53]) FROM t;
--= 4096 changed

CREATE INDEX i ON t USING ann (z) WITH (target_recall = 0.999);

SET search.exact_rows = 0;

SELECT id FROM t SEARCH [3, 1, -2, 2] LIMIT 4;
--> 5722
--> 8146
--> 6301
--> 5231

SELECT id FROM t SEARCH [1, 1, 1, 1] VIA SHORTLIST(i, limit => 4, effort => 60);
--> 7644
--> 1933
--> 4357
--> 5711
--# LIMIT 4 by default

SELECT id FROM t SEARCH [3, 1, -2, 2] WHERE part < 20 LIMIT 4;
--> 6301
--> 5810
--> 2807
--> 7655

SELECT id FROM t SEARCH [3, 1, -2, 2] VIA SHORTLIST(i, limit => 4, effort => 1) WHERE id < 900 LIMIT 4;
--> 184
--> 675
--> 571
--> 383

SELECT count(*) FROM t SEARCH [3, 1, -2, 2] VIA SHORTLIST(i, limit => 800) WHERE part < 10 LIMIT 900;
--> 800

DELETE FROM t WHERE id % 4 = 0;
--= 2048 changed

SELECT id FROM t SEARCH [3, 1, -2, 2] LIMIT 4;
--> 5722
--> 8146
--> 6301
--> 5231

SELECT id FROM t SEARCH [3, 1, -2, 2] VIA EXACT LIMIT 4;
--> 5722
--> 8146
--> 6301
--> 5231

DELETE FROM t WHERE id % 4 = 2;
--= 2048 changed

SELECT id FROM t SEARCH [3, 1, -2, 2] LIMIT 4;
--> 6301
--> 5231
--> 8131
--> 2807

INSERT INTO t VALUES (10000, 0, normalize([3, 1, -2, 2])), (10001, 1, normalize([3, 1, -2, 2.1]));
--= 2 changed

SELECT id FROM t SEARCH [3, 1, -2, 2] LIMIT 4;
--> 10000
--> 10001
--> 6301
--> 5231

SELECT id FROM t SEARCH [3, 1, -2, 2] VIA EXACT LIMIT 4;
--> 10000
--> 10001
--> 6301
--> 5231

REINDEX i;

SELECT id FROM t SEARCH [3, 1, -2, 2] LIMIT 4;
--> 10000
--> 10001
--> 6301
--> 5231

-- In two lists each rows are found as well.
DROP INDEX i;

CREATE INDEX i ON t USING ann (z) WITH (target_recall = 0.999, second_lists = true);

SELECT id FROM t SEARCH [3, 1, -2, 2] VIA SHORTLIST(i, limit => 4, effort => 60) LIMIT 4;
--> 10000
--> 10001
--> 6301
--> 5231
