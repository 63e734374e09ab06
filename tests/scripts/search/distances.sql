-- The operators of pgvector in ORDER BY: cosine distance, Euclidean distance, negative inner product.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [3, 3]), (3, [0, 1]);
--= 3 changed

SELECT id FROM t ORDER BY z <=> [1, 1];
--> 2
--> 1
--> 3

SELECT id FROM t ORDER BY z <-> [1, 0];
--> 1
--> 3
--> 2

SELECT id FROM t ORDER BY z <#> [1, 0];
--> 2
--> 1
--> 3

SELECT id FROM t ORDER BY z <-> [1, 0] LIMIT 1;
--> 1

SELECT z <-> [1, 0] FROM t;
--! error[Q0321]: `<->` is known in ORDER BY only
--!   1 | SELECT z <-> [1, 0] FROM t
--!     |        ^^^^^^^^^^^^ help: write l2(a, b)

SELECT id FROM t ORDER BY z <-> [1, 0, 0];
--! error[Q0303]: the second vector has 3 elements, but 2 are needed
--!   1 | SELECT id FROM t ORDER BY z <-> [1, 0, 0]
--!     |                                 ^^^^^^^^^
