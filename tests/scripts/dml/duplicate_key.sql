-- A key that exists is an error, and the statement then has no effect at all.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT);

INSERT INTO t VALUES (1, 'one');
--= 1 changed

INSERT INTO t VALUES (2, 'two'), (1, 'again'), (3, 'three');
--! error[V0001]: a label with id = 1 is in table t already
--!   help: add ON CONFLICT (...) DO UPDATE SET ... or DO NOTHING

SELECT * FROM t;
--> 1 | one

INSERT INTO t VALUES (4, 'four'), (4, 'twice');
--! error[V0001]: a label with id = 4 is in table t already
--!   help: add ON CONFLICT (...) DO UPDATE SET ... or DO NOTHING

SELECT count(*) FROM t;
--> 1
