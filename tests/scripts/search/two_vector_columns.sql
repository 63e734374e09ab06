-- A table with several vectors is searched by an index, which says which one is meant.

CREATE TABLE t (id BIGINT PRIMARY KEY, a VECTOR(2), b VECTOR(3));

INSERT INTO t VALUES (1, [1, 0], [0, 0, 1]), (2, [0, 1], [1, 0, 0]);

CREATE INDEX ia ON t USING flat (a);

CREATE INDEX ib ON t USING flat (b);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(ia, limit => 2);

SELECT id, score FROM t SEARCH [1, 0, 0] VIA SHORTLIST(ib, limit => 2);

SELECT id FROM t SEARCH [1, 0];

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(ib, limit => 2);
