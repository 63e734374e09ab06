-- DELETE with and without WHERE; a deleted key can be used again.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
--= 3 changed

DELETE FROM t WHERE a > 'b';
--= 1 changed

DELETE FROM t WHERE id = 99;
--= 0 changed

SELECT * FROM t;
--> 1 | a
--> 2 | b

INSERT INTO t VALUES (3, 'again');
--= 1 changed

SELECT * FROM t;
--> 1 | a
--> 2 | b
--> 3 | again

DELETE FROM t;
--= 3 changed

SELECT count(*) FROM t;
--> 0

DELETE FROM t;
--= 0 changed
