-- DEFAULT fills columns that are left out, not columns that are given NULL.

CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT DEFAULT 7, s TEXT DEFAULT 'none', at TIMESTAMP DEFAULT now());

INSERT INTO t (id) VALUES (1);
--= 1 changed

INSERT INTO t (id, n) VALUES (2, NULL);
--= 1 changed

INSERT INTO t VALUES (3, 1, 'x', NULL);
--= 1 changed

SELECT id, n, s, at > TIMESTAMP '2024-01-01' FROM t;
--> 1 | 7 | none | true
--> 2 | NULL | none | true
--> 3 | 1 | x | NULL

CREATE TABLE u (id BIGINT PRIMARY KEY, n BIGINT DEFAULT 'seven');
--! error[Q0403]: 'seven' cannot be read as BIGINT: give a whole number from -9223372036854775808 to 9223372036854775807
--!   1 | ...id BIGINT PRIMARY KEY, n BIGINT DEFAULT 'seven')
--!     |                                            ^^^^^^^

CREATE TABLE u (id BIGINT PRIMARY KEY, n BIGINT DEFAULT id);
--! error[Q0207]: unknown column `id`
--!   1 | ...id BIGINT PRIMARY KEY, n BIGINT DEFAULT id)
--!     |                                            ^^ help: no columns can be named here; a text stands in single quotes
