-- Without VIA the planner chooses; a small table is searched exactly.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);

SELECT id, score FROM t SEARCH [0, 1];

EXPLAIN SELECT id, score FROM t SEARCH [0, 1];
