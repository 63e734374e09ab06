-- Values outside the bounds of their column are refused with the bounds.

CREATE TABLE t (id BIGINT PRIMARY KEY, i INTEGER, r REAL, j JSON);

INSERT INTO t (id, i) VALUES (1, 2147483648);
--! error[Q0403]: 2147483648 cannot be read as INTEGER: give a whole number from -2147483648 to 2147483647
--!   1 | INSERT INTO t (id, i) VALUES (1, 2147483648)
--!     |                                  ^^^^^^^^^^

-- A fraction is rounded, half to even.
INSERT INTO t (id, i) VALUES (1, 2.5), (2, 3.5);
--= 2 changed

INSERT INTO t (id, r) VALUES (1, 1e39);
--! error[Q0403]: 1e39 cannot be read as REAL: use DOUBLE for numbers beyond 3.4e38
--!   1 | INSERT INTO t (id, r) VALUES (1, 1e39)
--!     |                                  ^^^^

INSERT INTO t (id, j) VALUES (1, '{');
--! error[Q0403]: '{' cannot be read as JSON: give valid JSON text, nested at most 128 deep
--!   1 | INSERT INTO t (id, j) VALUES (1, '{')
--!     |                                  ^^^

INSERT INTO t (id, i) VALUES (1, 'one');
--! error[Q0403]: 'one' cannot be read as INTEGER: give a whole number from -2147483648 to 2147483647
--!   1 | INSERT INTO t (id, i) VALUES (1, 'one')
--!     |                                  ^^^^^

INSERT INTO t (id) VALUES (9223372036854775808);
--! error[Q0403]: 9.223372036854776e18 cannot be read as BIGINT: give a whole number from -9223372036854775808 to 9223372036854775807
--!   1 | INSERT INTO t (id) VALUES (9223372036854775808)
--!     |                            ^^^^^^^^^^^^^^^^^^^

SELECT id, i FROM t;
--> 1 | 2
--> 2 | 4
