-- Options of stages may be overridden where the pipeline is named.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 1) AS near THEN RERANK(c);

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 1;

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (near.limit => 3, rerank.limit => 2);

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 2;

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (nearr.limit => 3);

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (near.beam => 3);

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (rerank.limit => 2);
