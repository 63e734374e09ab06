-- Keys may change, also among each other, as long as no two labels end with the same.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'one', [1, 0]), (2, 'two', [0, 1]), (3, 'three', [0.5, 0.5]);

UPDATE t SET id = 3 - id WHERE id < 3;

SELECT id, a FROM t;

UPDATE t SET id = id + 1;

SELECT id, a FROM t;

UPDATE t SET id = 2;

UPDATE t SET id = 4 WHERE a = 'one';

SELECT id, a FROM t;

SELECT id, a, score FROM t SEARCH [1, 0] LIMIT 1;
