-- SCORE BY combines the scores of the stages; the final order is by it.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [4, 0]), (2, [3, 0]), (3, [0, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c) SCORE BY shortlist.score + 10 * rerank.score;
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY -shortlist.score;
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 1.0 / shortlist.rank;
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

-- A constant score leaves the order to the key.
SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) SCORE BY 7;
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 2 labels
--!   help: raise the limit of shortlist, or lower LIMIT

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY id;
--! error[Q0207]: unknown column `id`
--!   1 | ...] VIA SHORTLIST(i, limit => 3) SCORE BY id
--!     |                                            ^^ help: SCORE BY names the scores of stages, as in rerank.score

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY NULL * shortlist.score;
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 'high';
--! error[Q0301]: SCORE BY must be a number, not TEXT
--!   1 | ...] VIA SHORTLIST(i, limit => 3) SCORE BY 'high'
--!     |                                            ^^^^^^ help: add a CAST, as in CAST(x AS DOUBLE)
