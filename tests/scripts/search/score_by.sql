-- SCORE BY combines the scores of the stages; the final order is by it.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [4, 0]), (2, [3, 0]), (3, [0, 1]);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c) SCORE BY shortlist.score + 10 * rerank.score;

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY -shortlist.score;

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 1.0 / shortlist.rank;

-- A constant score leaves the order to the key.
SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) SCORE BY 7;

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY id;

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY NULL * shortlist.score;

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) SCORE BY 'high';
