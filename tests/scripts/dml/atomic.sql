-- A statement that fails halfway leaves nothing behind, whatever it failed on.

CREATE TABLE t (id BIGINT PRIMARY KEY, n INTEGER, z VECTOR(2));

INSERT INTO t VALUES (1, 1, [1, 0]);

INSERT INTO t SELECT column1, 10 / (column1 - 5), [1, 1] FROM VALUES (3), (4), (5), (6);

INSERT INTO t VALUES (2, 1, [1, 0]), (3, 1, [0, 0]);

INSERT INTO t VALUES (2, 1, [1, 0]), (3, 1, NULL);

UPDATE t SET n = n * 3000000000;

DELETE FROM t WHERE 1 / (id - 1) > 0;

SELECT * FROM t;

SELECT id, score FROM t SEARCH [1, 1];
