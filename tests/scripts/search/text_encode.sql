-- VIA ENCODE names the model; stages written out need it first where the query is a text.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car');
--= 3 changed

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH 'automobile' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
--> 3
--# LIMIT 1 by default

SELECT id FROM t SEARCH 'automobile' VIA SHORTLIST(i, limit => 1);
--! error[Q0309]: a text cannot start at SHORTLIST: nothing turns it into a vector
--!   1 | ...ELECT id FROM t SEARCH 'automobile' VIA SHORTLIST(i, limit => 1)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^^^^ help: start with ENCODE(m) THEN ..., or give SEARCH (VECTOR => ...)

-- The stage has no score.
SELECT encode.score FROM t SEARCH 'automobile' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
--! error[Q0308]: `encode.score`: an ENCODE stage finds no labels, so it has no score
--!   1 | SELECT encode.score FROM t SEARCH 'automobile' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1)
--!     |               ^^^^^ help: name a later stage, or write plain `score` for the final one

SELECT id FROM t SEARCH 'automobile' VIA ENCODE(m);
--! error[Q0309]: the chain ends before it finds labels
--!   1 | ...ELECT id FROM t SEARCH 'automobile' VIA ENCODE(m)
--!     |                                            ^^^^^^^^^ help: add THEN SHORTLIST(index, limit => n), or THEN PROBE(index) THEN SHORTLIST(limit => n)

SELECT id FROM t SEARCH [1, 2] VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
--! error[Q0303]: the vector to search for has 2 elements, but 64 are needed
--!   1 | SELECT id FROM t SEARCH [1, 2] VIA ENCODE(m) THEN SHORTLIST(i, limit => 1)
--!     |                         ^^^^^^
