-- The tree of a query: operators with their notes, rows flow upwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]);

EXPLAIN SELECT id FROM t;

EXPLAIN SELECT upper(kind), count(*) FROM t WHERE id > 1 GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3;

EXPLAIN SELECT id FROM t WHERE id IN (1, 2) AND kind = 'a';

EXPLAIN SELECT DISTINCT kind FROM t;

EXPLAIN VALUES (1), (2);
