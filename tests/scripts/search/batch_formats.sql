-- Scores are computed from the stored row: with F16 and I8 from the rounded one, the same along every path.

CREATE TABLE t (id BIGINT PRIMARY KEY, h VECTOR(2, F16));

INSERT INTO t VALUES (1, [0.1, 0.2]), (2, [0.3, 0.1]), (3, [1, 1]);
--= 3 changed

SELECT id, round(score, 5), score = inner_product(h, [1, 0]) FROM t SEARCH [1, 0];
--> 3 | 1.0 | true
--> 2 | 0.30005 | true
--> 1 | 0.09998 | true
--# LIMIT 10 by default

CREATE TABLE u (id BIGINT PRIMARY KEY, b VECTOR(2, I8));

INSERT INTO u VALUES (1, [0.1, 0.2]), (2, [0.3, 0.1]), (3, [1, 1]);
--= 3 changed

SELECT id, round(score, 3), score = inner_product(b, [1, 0]) FROM u SEARCH [1, 0];
--> 3 | 1.0 | true
--> 2 | 0.3 | true
--> 1 | 0.101 | true
--# LIMIT 10 by default
