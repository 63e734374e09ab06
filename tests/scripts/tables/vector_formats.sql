-- Vectors stored with two bytes or one byte an element come back as they were stored: 0.1 is not exact in either.

CREATE TABLE t (id BIGINT PRIMARY KEY, f VECTOR(2), h VECTOR(2, F16), b VECTOR(2, I8));

INSERT INTO t VALUES (1, [1, 0.5], [1, 0.5], [1, 0.5]), (2, [0.1, -0.2], [0.1, -0.2], [0.1, -0.2]);
--= 2 changed

SELECT f, h, b FROM t;
--> [1.0, 0.5] | [1.0, 0.5] | [1.0, 0.503937]
--> [0.1, -0.2] | [0.0999756, -0.199951] | [0.100787, -0.2]

-- I8: 127 steps of the greatest element, which itself is exact.
SELECT round(l2(f, b), 5) FROM t;
--> 0.00394
--> 0.00079

SELECT l2(f, h) < 0.0001, l2(f, b) < 0.001 FROM t;
--> true | false
--> true | true

INSERT INTO t VALUES (3, [1, 1], [70000, 1], [1, 1]);
--! error[V0001]: a row of `h`: component 0 is 70000, which f16 cannot hold; store the column as f32 or rescale it
--!   help: give finite numbers that the format can hold
