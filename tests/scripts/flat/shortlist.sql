-- A flat index orders labels exactly; SHORTLIST keeps the best of them.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.8, 0.6]), (3, [0, 1]), (4, [-1, 0]);
--= 4 changed

CREATE INDEX i ON t USING flat (z);

SELECT id, score, shortlist.score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 1 | 1.0 | 1.0
--> 2 | 0.8 | 0.8
--> 3 | 0.0 | 0.0
--# LIMIT 3 by default

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3) LIMIT 1;
--> 1

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2) WHERE id > 2;
--> 3
--> 4
--# LIMIT 2 by default

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i);
--> 1
--> 2
--> 3
--> 4
--# LIMIT 10 by default
