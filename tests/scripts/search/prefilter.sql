-- WHERE is a pre-filter: k rows are owed if k labels match, however badly they rank.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, price DOUBLE, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', 1, [1, 0]), (2, 'a', 2, [0.9, 0]), (3, 'a', 3, [0.8, 0]), (4, 'b', 4, [-1, 0]),
  (5, 'b', 5, [-2, 0]), (6, NULL, 6, [5, 0]);
--= 6 changed

SELECT id, score FROM t SEARCH [1, 0] WHERE kind = 'b' LIMIT 2;
--> 4 | -1.0
--> 5 | -2.0

SELECT id, score FROM t SEARCH [1, 0] WHERE kind = 'b' AND price < 5 LIMIT 2;
--> 4 | -1.0

SELECT id, score FROM t SEARCH [1, 0] WHERE id IN (2, 5, 77) LIMIT 5;
--> 2 | 0.9
--> 5 | -2.0

SELECT id FROM t SEARCH [1, 0] WHERE kind <> 'a' LIMIT 5;
--> 4
--> 5

SELECT id FROM t SEARCH [1, 0] WHERE kind = 'c' LIMIT 2;
--= no rows

SELECT id FROM t SEARCH [1, 0] WHERE id IN (SELECT id FROM t WHERE price >= 5) LIMIT 2;
--> 6
--> 5

SELECT id FROM t AS x SEARCH [1, 0] WHERE x.kind IS NULL LIMIT 2;
--> 6
