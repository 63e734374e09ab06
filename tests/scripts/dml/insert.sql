-- INSERT: column lists, several rows, rows from a query.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b DOUBLE);

INSERT INTO t VALUES (1, 'x', 1.5), (2, 'y', 2);
--= 2 changed

INSERT INTO t (b, id) VALUES (9, 3);
--= 1 changed

INSERT INTO t SELECT id + 10, upper(a), b FROM t WHERE a IS NOT NULL;
--= 2 changed

INSERT INTO t (id) SELECT column1 FROM VALUES (100), (101);
--= 2 changed

SELECT * FROM t;
--> 1 | x | 1.5
--> 2 | y | 2.0
--> 3 | NULL | 9.0
--> 11 | X | 1.5
--> 12 | Y | 2.0
--> 100 | NULL | NULL
--> 101 | NULL | NULL

INSERT INTO t (id, id) VALUES (5, 5);
--! error[Q0115]: column `id` is given twice
--!   1 | INSERT INTO t (id, id) VALUES (5, 5)
--!     |                    ^^

INSERT INTO t VALUES (5, 'z');
--! error[Q0314]: 2 values for 3 columns
--!   1 | INSERT INTO t VALUES (5, 'z')
--!     |                       ^ help: give each column a value; computed columns are not counted

INSERT INTO t (id, c) VALUES (5, 'z');
--! error[Q0207]: table `t` has no column `c`
--!   1 | INSERT INTO t (id, c) VALUES (5, 'z')
--!     |                    ^ help: known: `id`, `a`, `b`

INSERT INTO nowhere VALUES (1);
--! error[Q0201]: unknown table `nowhere`
--!   1 | INSERT INTO nowhere VALUES (1)
--!     |             ^^^^^^^ help: known: `t`
