-- A key that exists is an error, and the statement then has no effect at all.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

INSERT INTO t VALUES (1, 'one');

INSERT INTO t VALUES (2, 'two'), (1, 'again'), (3, 'three');

SELECT * FROM t;

INSERT INTO t VALUES (4, 'four'), (4, 'twice');

SELECT count(*) FROM t;
