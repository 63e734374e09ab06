-- An index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--= no rows
--# LIMIT 3 by default

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 1
--# LIMIT 3 by default

DELETE FROM t;
--= 1 changed

REINDEX i;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--= no rows
--# LIMIT 3 by default
