-- An ann index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING ann (z) WITH (lists = 4);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--= no rows
--# LIMIT 3 by default

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 1 | 1.0
--> 2 | 0.0
--# LIMIT 3 by default

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 1 | 1.0
--> 2 | 0.0
--# LIMIT 3 by default
