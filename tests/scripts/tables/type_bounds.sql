-- Values outside the bounds of their column are refused with the bounds.

CREATE TABLE t (id BIGINT PRIMARY KEY, i INTEGER, r REAL, j JSON);

INSERT INTO t (id, i) VALUES (1, 2147483648);

INSERT INTO t (id, i) VALUES (1, 1.5);

INSERT INTO t (id, r) VALUES (1, 1e39);

INSERT INTO t (id, j) VALUES (1, '{');

INSERT INTO t (id, i) VALUES (1, 'one');

INSERT INTO t (id) VALUES (9223372036854775808);

SELECT count(*) FROM t;
