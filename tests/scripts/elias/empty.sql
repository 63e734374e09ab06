-- An index over no labels: all that come later are its tail.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX e ON t USING elias (z) WITH (clusters = 1);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--= no rows
--# LIMIT 3 by default

INSERT INTO t VALUES (2, [1, 0]), (1, [0, 1]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--> 1 | 1.0
--> 2 | 1.0
--# LIMIT 3 by default

REINDEX e;

SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--> 1 | 1.0
--> 2 | 1.0
--# LIMIT 3 by default
