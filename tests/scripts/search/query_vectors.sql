-- What a query vector may be: of the column's dimension, finite; a zero vector ties all labels.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (2, [1, 0]), (1, [0, 1]);

SELECT id, score FROM t SEARCH [0, 0];

SELECT id, score FROM t SEARCH normalize([3, 4]);

SELECT id FROM t SEARCH '[1, 0]'::VECTOR(2) LIMIT 1;

SELECT id FROM t SEARCH (VECTOR => '[1, 0]') LIMIT 1;

SELECT id FROM t SEARCH [1, 0, 0];

SELECT id FROM t SEARCH [1e39, 0];

SELECT id FROM t SEARCH [];

SELECT id FROM t SEARCH z;

SELECT id FROM t SEARCH (VECTOR => NULL);
