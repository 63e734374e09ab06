-- DELETE with and without WHERE; a deleted key can be used again.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');

DELETE FROM t WHERE a > 'b';

DELETE FROM t WHERE id = 99;

SELECT * FROM t;

INSERT INTO t VALUES (3, 'again');

SELECT * FROM t;

DELETE FROM t;

SELECT count(*) FROM t;

DELETE FROM t;
