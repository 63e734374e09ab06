-- A text cannot be compared with vectors that no model made, unless the statement names a model.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH 'red apple';
--! error[Q0321]: column `z` is not computed by a model, so a text cannot be compared with it
--!   1 | SELECT id FROM t SEARCH 'red apple'
--!     |                  ^^^^^^^^^^^^^^^^^^ help: give a vector, SEARCH (VECTOR => ...), or name a model, VIA ENCODE(model) THEN ...

SELECT id FROM t SEARCH 'red apple' VIA EXACT;
--! error[Q0321]: column `z` is not computed by a model, so a text cannot be compared with it
--!   1 | SELECT id FROM t SEARCH 'red apple' VIA EXACT
--!     |                                         ^^^^^ help: give a vector, SEARCH (VECTOR => ...), or name a model, VIA ENCODE(model) THEN ...

SELECT id FROM t SEARCH 'red apple' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
--! error[Q0303]: index `i` has dimension 2, but model `m` has 64
--!   1 | ...red apple' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1)
--!     |                                            ^ help: use objects that were made for the same embedding
