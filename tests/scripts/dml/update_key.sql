-- Keys may change, also among each other, as long as no two labels end with the same.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'one', [1, 0]), (2, 'two', [0, 1]), (3, 'three', [0.5, 0.5]);
--= 3 changed

UPDATE t SET id = 3 - id WHERE id < 3;
--= 2 changed

SELECT id, a FROM t;
--> 1 | two
--> 2 | one
--> 3 | three

UPDATE t SET id = id + 1;
--= 3 changed

SELECT id, a FROM t;
--> 2 | two
--> 3 | one
--> 4 | three

UPDATE t SET id = 2;
--! error[V0001]: after the update two labels would have the key 2
--!   help: choose keys that differ

UPDATE t SET id = 4 WHERE a = 'one';
--! error[V0001]: after the update two labels would have the key 4
--!   help: choose keys that differ

SELECT id, a FROM t;
--> 2 | two
--> 3 | one
--> 4 | three

SELECT id, a, score FROM t SEARCH [1, 0] LIMIT 1;
--> 3 | one | 1.0
