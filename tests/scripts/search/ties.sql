-- Ties break by the primary key, at every cut.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (9, [1, 0]), (3, [1, 5]), (7, [1, -5]), (1, [0, 9]), (5, [1, 1]);

SELECT id, score FROM t SEARCH [1, 0];

SELECT id FROM t SEARCH [1, 0] LIMIT 2;

SELECT id FROM t SEARCH [1, 0] LIMIT 2 OFFSET 2;

INSERT INTO t VALUES (2, [1, 7]);

SELECT id FROM t SEARCH [1, 0] LIMIT 2;
