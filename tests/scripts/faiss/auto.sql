-- A table above search.exact_rows is searched by its faiss index where SEARCH has no VIA.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, normalize([1, 20])), (2, normalize([2, 20])), (3, normalize([3, 20]));

INSERT INTO t SELECT id + 4, normalize([id + 4, 20]) FROM t;

INSERT INTO t SELECT id + 8, normalize([id + 8, 20]) FROM t;

INSERT INTO t SELECT id + 16, normalize([id + 16, 20]) FROM t;

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 3;

SET search.exact_rows = 10;

SET search.effort = 64;

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 3;

SELECT id FROM t SEARCH [1, 0] LIMIT 3;

SELECT count(*) FROM t SEARCH [1, 0];
