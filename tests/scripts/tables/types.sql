-- A column of every type keeps what it is given.

CREATE TABLE t (id BIGINT PRIMARY KEY, i INTEGER, r REAL, d DOUBLE, b BOOLEAN, s TEXT, at TIMESTAMP, j JSON,
                v VECTOR(2), words TEXT[], numbers BIGINT[]);

INSERT INTO t VALUES (1, 2147483647, 0.5, 1e300, TRUE, 'text', TIMESTAMP '2024-05-06 07:08:09.000001',
                      '{"a": [1, 2]}', [0.25, -1], ['a', 'it''s', NULL], [1, -2]);

INSERT INTO t (id, v) VALUES (2, [1, 1]);

--@ columns
SELECT * FROM t;

DESCRIBE t;
