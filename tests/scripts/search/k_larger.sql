-- More rows asked for than there are labels; and an empty table.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

SELECT id, score FROM t SEARCH [1, 0] LIMIT 5;
--= no rows

SELECT count(*) FROM t SEARCH [1, 0];
--> 0

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

SELECT id FROM t SEARCH [1, 0] LIMIT 1000000;
--> 1
--> 2

SELECT id FROM t SEARCH [1, 0] LIMIT 5 OFFSET 1;
--> 2

SELECT id FROM t SEARCH [1, 0] LIMIT 5 OFFSET 2;
--= no rows

DELETE FROM t;
--= 2 changed

SELECT id FROM t SEARCH [1, 0];
--= no rows
--# LIMIT 10 by default
