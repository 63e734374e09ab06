-- What a query vector may be: of the column's dimension, finite; a zero vector ties all labels.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (2, [1, 0]), (1, [0, 1]);
--= 2 changed

SELECT id, score FROM t SEARCH [0, 0];
--> 1 | 0.0
--> 2 | 0.0
--# LIMIT 10 by default

SELECT id, score FROM t SEARCH normalize([3, 4]);
--> 1 | 0.8
--> 2 | 0.6
--# LIMIT 10 by default

SELECT id FROM t SEARCH '[1, 0]'::VECTOR(2) LIMIT 1;
--> 2

SELECT id FROM t SEARCH (VECTOR => '[1, 0]') LIMIT 1;
--> 2

SELECT id FROM t SEARCH [1, 0, 0];
--! error[Q0303]: the vector to search for has 3 elements, but 2 are needed
--!   1 | SELECT id FROM t SEARCH [1, 0, 0]
--!     |                         ^^^^^^^^^

SELECT id FROM t SEARCH [1e39, 0];
--! error[Q0403]: [1e39, 0.0] cannot be read as VECTOR(2): element 1 is not a finite single-precision number
--!   1 | SELECT id FROM t SEARCH [1e39, 0]
--!     |                         ^^^^^^^^^

SELECT id FROM t SEARCH [];
--! error[Q0303]: the vector to search for has 0 elements, but 2 are needed
--!   1 | SELECT id FROM t SEARCH []
--!     |                         ^^

SELECT id FROM t SEARCH z;
--! error[Q0207]: unknown column `z`
--!   1 | SELECT id FROM t SEARCH z
--!     |                         ^ help: no columns can be named here; a text stands in single quotes

SELECT id FROM t SEARCH (VECTOR => NULL);
--! error[V0001]: the query's vector is NULL
--!   help: give SEARCH a text, or (VECTOR => a list of numbers)
