-- Options of ann indexes that are refused, with what they take.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

INSERT INTO t VALUES (0, 'a', [0, 1]), (1, 'b', [1, 0]);
--= 2 changed

CREATE INDEX i ON t USING ann (z) WITH (target_recall = 1);
--! error[V0001]: target_recall cannot be 1
--!   help: it takes 0.5 to 0.999; for every label of the exact best use VIA EXACT

CREATE INDEX i ON t USING ann (z) WITH (target_recall = 'high');
--! error[V0001]: option target_recall of CREATE INDEX cannot be high
--!   help: it takes a number greater than 0

CREATE INDEX i ON t USING ann (z) WITH (target_recal = 0.9);
--! error[V0001]: CREATE INDEX has no option target_recal
--!   help: did you mean target_recall?

CREATE INDEX i ON t USING ann (z) WITH (lists = 0);
--! error[V0001]: option lists of CREATE INDEX cannot be 0
--!   help: it takes a whole number from 1 to 16777216

CREATE INDEX i ON t USING ann (z) WITH (second_lists = 2);
--! error[V0001]: option second_lists of CREATE INDEX cannot be 2
--!   help: it takes true or false

CREATE INDEX i ON t USING ann (z) WITH (metric = 'l2');
--! error[V0001]: option metric of CREATE INDEX cannot be l2
--!   help: it takes one of ip, cosine

CREATE INDEX i ON t USING ann (title);
--! error[Q0301]: column `title` is a TEXT; an index orders vectors
--!   1 | CREATE INDEX i ON t USING ann (title)
--!     |                                ^^^^^ help: name a VECTOR column, or a classifier of the table

CREATE INDEX i ON t USING an (z);
--! error[Q0318]: unknown index method `an`
--!   1 | CREATE INDEX i ON t USING an (z)
--!     |                           ^^ help: did you mean `ann`?

CREATE INDEX i ON t USING ann (z) WITH (target_recall = 0.9, lists = 100, seed = 7);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2);
--> 1
--> 0
--# LIMIT 2 by default
