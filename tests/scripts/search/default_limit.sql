-- A SEARCH without LIMIT gives ten rows; LIMIT ALL gives all.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(1));

INSERT INTO t VALUES (1, [1]), (2, [2]), (3, [3]), (4, [4]), (5, [5]), (6, [6]), (7, [7]), (8, [8]), (9, [9]),
  (10, [10]), (11, [11]), (12, [12]);
--= 12 changed

SELECT id, rank FROM t SEARCH [1];
--> 12 | 1
--> 11 | 2
--> 10 | 3
--> 9 | 4
--> 8 | 5
--> 7 | 6
--> 6 | 7
--> 5 | 8
--> 4 | 9
--> 3 | 10
--# LIMIT 10 by default

SELECT id FROM t SEARCH [1] OFFSET 8;
--> 4
--> 3
--> 2
--> 1
--# LIMIT 10 by default

SELECT id FROM t SEARCH [1] LIMIT ALL OFFSET 9;
--> 3
--> 2
--> 1

SELECT id FROM t SEARCH [1] LIMIT 2 OFFSET 3;
--> 9
--> 8

SELECT id FROM t SEARCH [1] LIMIT 0;
--= no rows
