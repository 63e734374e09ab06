-- Labels that are inserted, updated and deleted after the index was made.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

INSERT INTO t VALUES (3, [2, 0]), (4, [0, 2]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2);
--> 3 | 2.0
--> 1 | 1.0
--# LIMIT 2 by default

UPDATE t SET z = [3, 0] WHERE id = 2;
--= 1 changed

DELETE FROM t WHERE id = 3;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 2 | 3.0
--> 1 | 1.0
--> 4 | 0.0
--# LIMIT 3 by default

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 2 | 3.0
--> 1 | 1.0
--> 4 | 0.0
--# LIMIT 3 by default
