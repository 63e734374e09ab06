-- An index over the rows of a classifier: its inner products order the labels, without a vector column's help.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

--@ file w.npy
--| 0 1
--| 1 0
--| 2 2
INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);

CREATE CLASSIFIER c ON t;

COPY CLASSIFIER c FROM '${tmp}/w.npy';

CREATE INDEX i ON t USING flat (c);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

INSERT INTO t VALUES (4, [5, 0]);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 4);

DROP CLASSIFIER c;

DROP INDEX i;

DROP CLASSIFIER c;
