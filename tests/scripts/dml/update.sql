-- UPDATE: expressions over the old row, with and without WHERE.

CREATE TABLE t (id BIGINT PRIMARY KEY, a BIGINT, b BIGINT);

INSERT INTO t VALUES (1, 10, 20), (2, 30, 40), (3, NULL, 5);
--= 3 changed

-- Both sides see the old row, so that columns can be exchanged.
UPDATE t SET a = b, b = a WHERE id <= 2;
--= 2 changed

SELECT * FROM t;
--> 1 | 20 | 10
--> 2 | 40 | 30
--> 3 | NULL | 5

UPDATE t SET a = 0 WHERE a IS NULL;
--= 1 changed

UPDATE t SET b = b + 1;
--= 3 changed

SELECT * FROM t;
--> 1 | 20 | 11
--> 2 | 40 | 31
--> 3 | 0 | 6

UPDATE t SET a = 1 WHERE id = 99;
--= 0 changed

UPDATE t SET a = 1 / (id - 2);
--! error[V0001]: division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)

SELECT * FROM t;
--> 1 | 20 | 11
--> 2 | 40 | 31
--> 3 | 0 | 6

UPDATE t SET a = 1, a = 2;
--! error[Q0115]: column `a` is given twice
--!   1 | UPDATE t SET a = 1, a = 2
--!     |                     ^

UPDATE t SET c = 1;
--! error[Q0207]: table `t` has no column `c`
--!   1 | UPDATE t SET c = 1
--!     |              ^ help: known: `id`, `a`, `b`
