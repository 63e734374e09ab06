-- ANALYZE runs the query and shows rows, times and what was found out.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]), (3, 'a', [0.5, 0.5]);

EXPLAIN ANALYZE SELECT id FROM t SEARCH [1, 0] WHERE kind = 'a' LIMIT 1;

EXPLAIN (ANALYZE) SELECT kind, count(*) FROM t GROUP BY kind ORDER BY kind;

EXPLAIN ANALYZE DELETE FROM t;

SELECT count(*) FROM t;
