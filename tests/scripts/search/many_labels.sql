-- Over more labels than one block of the kernels, with ties: the same rows as sorting by the formula.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

INSERT INTO t VALUES (0, [1, 0, 0]), (1, [2, 1, 1]), (2, [3, 2, 2]), (3, [4, 3, 0]);
--= 4 changed

INSERT INTO t SELECT id + 4, [(id + 4) % 7 + 1, (id + 4) % 5, (id + 4) % 3] FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, [(id + 8) % 7 + 1, (id + 8) % 5, (id + 8) % 3] FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, [(id + 16) % 7 + 1, (id + 16) % 5, (id + 16) % 3] FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, [(id + 32) % 7 + 1, (id + 32) % 5, (id + 32) % 3] FROM t;
--= 32 changed

INSERT INTO t SELECT id + 64, [(id + 64) % 7 + 1, (id + 64) % 5, (id + 64) % 3] FROM t;
--= 64 changed

INSERT INTO t SELECT id + 128, [(id + 128) % 7 + 1, (id + 128) % 5, (id + 128) % 3] FROM t;
--= 128 changed

SELECT id, score FROM t SEARCH [1, 2, 3] LIMIT 8;
--> 104 | 21.0
--> 209 | 21.0
--> 89 | 20.0
--> 194 | 20.0
--> 74 | 19.0
--> 83 | 19.0
--> 179 | 19.0
--> 188 | 19.0

SELECT id, inner_product(z, [1, 2, 3]) FROM t ORDER BY inner_product(z, [1, 2, 3]) DESC, id LIMIT 8;
--> 104 | 21.0
--> 209 | 21.0
--> 89 | 20.0
--> 194 | 20.0
--> 74 | 19.0
--> 83 | 19.0
--> 179 | 19.0
--> 188 | 19.0

SELECT id, score FROM t SEARCH [1, 2, 3] WHERE id % 11 = 0 LIMIT 4;
--> 209 | 21.0
--> 44 | 17.0
--> 143 | 16.0
--> 242 | 15.0

SELECT id, inner_product(z, [1, 2, 3]) FROM t WHERE id % 11 = 0 ORDER BY 2 DESC, id LIMIT 4;
--> 209 | 21.0
--> 44 | 17.0
--> 143 | 16.0
--> 242 | 15.0
