-- A statement that fails halfway leaves nothing behind, whatever it failed on.

CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER, z VECTOR(2));

INSERT INTO t VALUES (1, 1, [1, 0]);
--= 1 changed

INSERT INTO t SELECT column1, 10 / (column1 - 5), [1, 1] FROM VALUES (3), (4), (5), (6);
--! error[V0001]: division by zero in 10 / 0: guard the divisor with nullif(divisor, 0)

INSERT INTO t VALUES (2, 1, [1, 0]), (3, 1, [0, 0]);
--! error[V0001]: column `z` of table t is a zero vector
--!   help: a zero vector has no direction

INSERT INTO t VALUES (2, 1, [1, 0]), (3, 1, NULL);
--! error[V0001]: column `z` of table t is NULL
--!   help: give every label a vector: one without could not be ranked

UPDATE t SET n = n * 3000000000;
--! error[V0001]: 3000000000 cannot be read as INTEGER: give a whole number from -2147483648 to 2147483647

DELETE FROM t WHERE 1 / (id - 1) > 0;
--! error[V0001]: division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)

SELECT * FROM t;
--> 1 | 1 | [1.0, 0.0]

SELECT id, score FROM t SEARCH [1, 1];
--> 1 | 1.0
--# LIMIT 10 by default
