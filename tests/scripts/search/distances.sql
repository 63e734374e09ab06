-- The operators of pgvector in ORDER BY: cosine distance, Euclidean distance, negative inner product.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [3, 3]), (3, [0, 1]);

SELECT id FROM t ORDER BY z <=> [1, 1];

SELECT id FROM t ORDER BY z <-> [1, 0];

SELECT id FROM t ORDER BY z <#> [1, 0];

SELECT id FROM t ORDER BY z <-> [1, 0] LIMIT 1;

SELECT z <-> [1, 0] FROM t;

SELECT id FROM t ORDER BY z <-> [1, 0, 0];
