-- A TEXT primary key: rows come in the order of code points, and ties of a ranking too.

CREATE TABLE t (name TEXT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES ('pear', [1, 0]), ('Apple', [1, 0]), ('apple', [0, 1]), ('', [1, 0]), ('pear tree', [1, 0]);

SELECT name, length(name) FROM t;

SELECT name FROM t WHERE name = 'pear';

SELECT name, score FROM t SEARCH [1, 0];

INSERT INTO t VALUES ('pear', [0, 0.5]);

DELETE FROM t WHERE name IN ('pear', 'plum');

SELECT name FROM t SEARCH [1, 0] LIMIT 2;
