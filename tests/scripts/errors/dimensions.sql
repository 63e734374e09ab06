-- Widths that do not agree are found before anything is done.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(3));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 2];
--! error[Q0303]: the vector to search for has 2 elements, but 3 are needed
--!   1 | SELECT id FROM t SEARCH [1, 2]
--!     |                         ^^^^^^

SELECT id FROM t SEARCH [1, 2] VIA SHORTLIST(i, limit => 1);
--! error[Q0303]: the vector to search for has 2 elements, but 3 are needed
--!   1 | SELECT id FROM t SEARCH [1, 2] VIA SHORTLIST(i, limit => 1)
--!     |                         ^^^^^^

SELECT inner_product(z, [1, 2]) FROM t;
--! error[Q0303]: the second vector has 2 elements, but 3 are needed
--!   1 | SELECT inner_product(z, [1, 2]) FROM t
--!     |                         ^^^^^^

INSERT INTO t VALUES (1, [1, 2]);
--! error[Q0303]: the value of `z` has 2 elements, but 3 are needed
--!   1 | INSERT INTO t VALUES (1, [1, 2])
--!     |                          ^^^^^^

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE u (id BIGINT PRIMARY KEY, s TEXT, z VECTOR(32) GENERATED ALWAYS AS (encode(m, s)) STORED);
--! error[Q0303]: model `m` yields 64 elements, but column `z` is a VECTOR(32)
--!   1 | ...BLE u (id BIGINT PRIMARY KEY, s TEXT, z VECTOR(32) GENERATED ALWAYS AS (encode(m, s)) STORED)
--!     |                                            ^^^^^^^^^^ help: make it VECTOR(64)

SELECT id FROM t SEARCH 'text' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
--! error[Q0303]: index `i` has dimension 3, but model `m` has 64
--!   1 | ...RCH 'text' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1)
--!     |                                            ^ help: use objects that were made for the same embedding
