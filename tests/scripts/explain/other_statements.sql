-- Statements other than queries show their logical plan, and nothing is done.

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT);

EXPLAIN INSERT INTO t VALUES (1, 2);
--> Insert t
-->   Values (1, 2)

EXPLAIN UPDATE t SET n = n + 1 WHERE id = 1;
--> Update t set n = n + 1 where id = 1

EXPLAIN DELETE FROM t WHERE n < 5;
--> Delete t where n < 5

EXPLAIN CREATE TABLE u (id BIGINT PRIMARY KEY);
--> CreateTable u (id BIGINT NOT NULL UNIQUE)

EXPLAIN DROP TABLE t;
--> Drop Table t

EXPLAIN EXPLAIN SELECT 1;
--! error[Q0106]: EXPLAIN of an EXPLAIN
--!   1 | EXPLAIN EXPLAIN SELECT 1
--!     |         ^^^^^^^ help: write EXPLAIN once; its options are (ANALYZE, VERBOSE, FORMAT JSON)

EXPLAIN (COSTS) SELECT 1;
--! error[Q0106]: expected ANALYZE, VERBOSE or FORMAT, found `COSTS`
--!   1 | EXPLAIN (COSTS) SELECT 1
--!     |          ^^^^^

SHOW TABLES;
--> t | 0 | 2 | id | NULL
