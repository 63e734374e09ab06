-- What a statement wrote is found by the next one.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]);

SELECT id, score FROM t SEARCH [0, 1];

INSERT INTO t VALUES (2, [0, 1]);

SELECT id, score FROM t SEARCH [0, 1];

UPDATE t SET z = [0, 2] WHERE id = 1;

SELECT id, score FROM t SEARCH [0, 1];

DELETE FROM t WHERE id = 1;

SELECT id, score FROM t SEARCH [0, 1];
