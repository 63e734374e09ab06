-- A SEARCH without LIMIT gives ten rows; LIMIT ALL gives all.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(1));

INSERT INTO t VALUES (1, [1]), (2, [2]), (3, [3]), (4, [4]), (5, [5]), (6, [6]), (7, [7]), (8, [8]), (9, [9]),
  (10, [10]), (11, [11]), (12, [12]);

SELECT id, rank FROM t SEARCH [1];

SELECT id FROM t SEARCH [1] OFFSET 8;

SELECT id FROM t SEARCH [1] LIMIT ALL OFFSET 9;

SELECT id FROM t SEARCH [1] LIMIT 2 OFFSET 3;

SELECT id FROM t SEARCH [1] LIMIT 0;
