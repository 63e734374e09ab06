-- What a VECTOR column takes: lists and texts of its dimension, finite, with a direction.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 2]), (2, '[0.5, -1]');

INSERT INTO t VALUES (3, [1, 2, 3]);

INSERT INTO t VALUES (3, [1]);

INSERT INTO t VALUES (3, [1e39, 1]);

INSERT INTO t VALUES (3, ['a', 'b']);

INSERT INTO t VALUES (3, NULL);

INSERT INTO t (id) VALUES (3);

INSERT INTO t VALUES (3, [0, 0]);

SELECT * FROM t;
