-- Two classifiers one after the other, under aliases.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [10, 0]), (2, [1, 1]), (3, [0, 3]), (4, [2, 2]);
--= 4 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER a ON t WITH (link = 'cosine');

CREATE CLASSIFIER b ON t WITH (link = 'sigmoid');

SELECT id, first.score, second.score, score FROM t SEARCH [1, 1]
VIA SHORTLIST(i, limit => 4) THEN RERANK(a, limit => 3) AS first THEN RERANK(b, limit => 2) AS second;
--> 1 | 0.707107 | 10.0 | 10.0
--> 4 | 1.0 | 4.0 | 4.0
--# LIMIT 2 by default

SELECT id FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 4) THEN RERANK(a, limit => 3) THEN RERANK(b, limit => 2);
--! error[Q0310]: two stages are named `rerank`
--!   1 | ...t => 4) THEN RERANK(a, limit => 3) THEN RERANK(b, limit => 2)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^ help: name one of them: ... AS rerank2
