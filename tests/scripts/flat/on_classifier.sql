-- An index over the rows of a classifier: its inner products order the labels, without a vector column's help.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

--@ file w.npy
--| 0 1
--| 1 0
--| 2 2
INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);
--= 3 changed

CREATE CLASSIFIER c ON t;

COPY CLASSIFIER c FROM '${tmp}/w.npy';
--= 3 changed

CREATE INDEX i ON t USING flat (c);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--> 3 | 2.0
--> 2 | 1.0
--> 1 | 0.0
--# LIMIT 3 by default

INSERT INTO t VALUES (4, [5, 0]);
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 4);
--> 4 | 5.0
--> 3 | 2.0
--> 2 | 1.0
--> 1 | 0.0
--# LIMIT 4 by default

DROP CLASSIFIER c;
--! error[V0001]: classifier c is used by index i
--!   help: drop index i first

DROP INDEX i;

DROP CLASSIFIER c;
