-- INSERT: column lists, several rows, rows from a query.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b DOUBLE);

INSERT INTO t VALUES (1, 'x', 1.5), (2, 'y', 2);

INSERT INTO t (b, id) VALUES (9, 3);

INSERT INTO t SELECT id + 10, upper(a), b FROM t WHERE a IS NOT NULL;

INSERT INTO t (id) SELECT column1 FROM VALUES (100), (101);

SELECT * FROM t;

INSERT INTO t (id, id) VALUES (5, 5);

INSERT INTO t VALUES (5, 'z');

INSERT INTO t (id, c) VALUES (5, 'z');

INSERT INTO nowhere VALUES (1);
