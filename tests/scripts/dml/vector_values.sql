-- What a VECTOR column takes: lists and texts of its dimension, finite, with a direction.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 2]), (2, '[0.5, -1]');
--= 2 changed

INSERT INTO t VALUES (3, [1, 2, 3]);
--! error[Q0303]: the value of `z` has 3 elements, but 2 are needed
--!   1 | INSERT INTO t VALUES (3, [1, 2, 3])
--!     |                          ^^^^^^^^^

INSERT INTO t VALUES (3, [1]);
--! error[Q0303]: the value of `z` has 1 elements, but 2 are needed
--!   1 | INSERT INTO t VALUES (3, [1])
--!     |                          ^^^

INSERT INTO t VALUES (3, [1e39, 1]);
--! error[Q0403]: [1e39, 1.0] cannot be read as VECTOR(2): element 1 is not a finite single-precision number
--!   1 | INSERT INTO t VALUES (3, [1e39, 1])
--!     |                          ^^^^^^^^^

INSERT INTO t VALUES (3, ['a', 'b']);
--! error[Q0301]: the value of `z` must be a VECTOR or a list of numbers, not TEXT[]
--!   1 | INSERT INTO t VALUES (3, ['a', 'b'])
--!     |                          ^^^^^^^^^^

INSERT INTO t VALUES (3, NULL);
--! error[V0001]: column `z` of table t is NULL
--!   help: give every label a vector: one without could not be ranked

INSERT INTO t (id) VALUES (3);
--! error[V0001]: column `z` of table t is NULL
--!   help: give every label a vector: one without could not be ranked

INSERT INTO t VALUES (3, [0, 0]);
--! error[V0001]: column `z` of table t is a zero vector
--!   help: a zero vector has no direction

SELECT * FROM t;
--> 1 | [1.0, 2.0]
--> 2 | [0.5, -1.0]
