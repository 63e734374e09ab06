-- A TEXT primary key: rows come in the order of code points, and ties of a ranking too.

CREATE TABLE t (name TEXT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES ('pear', [1, 0]), ('Apple', [1, 0]), ('apple', [0, 1]), ('', [1, 0]), ('pear tree', [1, 0]);
--= 5 changed

SELECT name, length(name) FROM t;
--> '' | 0
--> Apple | 5
--> apple | 5
--> pear | 4
--> pear tree | 9

SELECT name FROM t WHERE name = 'pear';
--> pear

SELECT name, score FROM t SEARCH [1, 0];
--> '' | 1.0
--> Apple | 1.0
--> pear | 1.0
--> pear tree | 1.0
--> apple | 0.0
--# LIMIT 10 by default

INSERT INTO t VALUES ('pear', [0, 0.5]);
--! error[V0001]: a label with name = 'pear' is in table t already
--!   help: add ON CONFLICT (...) DO UPDATE SET ... or DO NOTHING

DELETE FROM t WHERE name IN ('pear', 'plum');
--= 1 changed

SELECT name FROM t SEARCH [1, 0] LIMIT 2;
--> ''
--> Apple
