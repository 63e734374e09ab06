-- Vectors stored with two bytes or one byte an element come back as they were stored: 0.1 is not exact in either.

CREATE TABLE t (id BIGINT PRIMARY KEY, f VECTOR(2), h VECTOR(2, F16), b VECTOR(2, I8));

INSERT INTO t VALUES (1, [1, 0.5], [1, 0.5], [1, 0.5]), (2, [0.1, -0.2], [0.1, -0.2], [0.1, -0.2]);

SELECT f, h, b FROM t;

-- I8: 127 steps of the greatest element, which itself is exact.
SELECT round(b::VECTOR(2) <-> b, 3) FROM t;

SELECT l2(f, h) < 0.0001, l2(f, b) < 0.001 FROM t;

INSERT INTO t VALUES (3, [1, 1], [70000, 1], [1, 1]);
