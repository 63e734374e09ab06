-- A stored chain is named by VIA PIPELINE, and gives what the chain written out gives.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3) THEN RERANK(c, limit => 2) SCORE BY 2 * rerank.score;

SELECT id, score, rerank.score FROM t SEARCH [1, 0] VIA PIPELINE p;
--> 1 | 2.0 | 1.0
--> 2 | 1.2 | 0.6
--# LIMIT 2 by default

SELECT id, score, rerank.score FROM t SEARCH [1, 0]
VIA SHORTLIST(i, limit => 3) THEN RERANK(c, limit => 2) SCORE BY 2 * rerank.score;
--> 1 | 2.0 | 1.0
--> 2 | 1.2 | 0.6
--# LIMIT 2 by default

SHOW PIPELINES;
--> p | t | SHORTLIST(i, limit => 3) THEN RERANK(c, limit => 2) SCORE BY 2 * rerank.score

DESCRIBE p;
--> name | p
--> table | t
--> sql | SHORTLIST(i, limit => 3) THEN RERANK(c, limit => 2) SCORE BY 2 * rerank.score

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE q;
--! error[Q0206]: unknown pipeline `q`
--!   1 | ...CT id FROM t SEARCH [1, 0] VIA PIPELINE q
--!     |                                            ^ help: known: `p`
