-- The stages of a search, with their windows and the reason for the path.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]);

CREATE INDEX i ON t USING flat (z);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 1);

CREATE CLASSIFIER c ON t;

EXPLAIN SELECT id FROM t SEARCH [1, 0] WHERE kind = 'a' LIMIT 5;

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA EXACT;

EXPLAIN SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e, beam => 1) THEN SHORTLIST(limit => 20) THEN RERANK(c, limit => 10)
SCORE BY shortlist.score * sigmoid(rerank.score) LIMIT 5;

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 20) AS near QUALIFY near.score > 0.5 LIMIT 5;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 20);

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 1;

EXPLAIN SELECT count(*) FROM t SEARCH [1, 0];
