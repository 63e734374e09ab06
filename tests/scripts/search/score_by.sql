-- SCORE BY combines the scores of the stages; the final order is by it.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [4, 0]), (2, [3, 0]), (3, [0, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c) SCORE BY shortlist.score + 10 * rerank.score;
--> 1 | 44.0
--> 2 | 33.0
--> 3 | 11.0
--# LIMIT 3 by default

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY -shortlist.score;
--> 3 | -1.0
--> 2 | -3.0
--> 1 | -4.0
--# LIMIT 3 by default

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 1.0 / shortlist.rank;
--> 1 | 1.0
--> 2 | 0.5
--> 3 | 0.333333
--# LIMIT 3 by default

-- A constant score leaves the order to the key.
SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) SCORE BY 7;
--> 1 | 7.0
--> 2 | 7.0
--# LIMIT 2 by default

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY id;
--! error[Q0207]: unknown column `id`
--!   1 | ...] VIA SHORTLIST(i, limit => 3) SCORE BY id
--!     |                                            ^^ help: SCORE BY names the scores of stages, as in rerank.score

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY NULL * shortlist.score;
--! error[V0001]: the score of label 1 is not a number
--!   help: SCORE BY saw a NULL: wrap stage scores that may be absent in coalesce(..., 0)

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 'high';
--! error[Q0301]: SCORE BY must be a number, not TEXT
--!   1 | ...] VIA SHORTLIST(i, limit => 3) SCORE BY 'high'
--!     |                                            ^^^^^^ help: add a CAST, as in CAST(x AS DOUBLE)
