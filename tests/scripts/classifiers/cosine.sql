-- A cosine classifier starts as the label's vector; its score does not depend on lengths.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [10, 0]), (2, [1, 1]), (3, [0, 3]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

SELECT id, score, shortlist.score FROM t SEARCH [2, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 1 | 1.0 | 20.0
--> 2 | 0.707107 | 2.0
--> 3 | 0.0 | 0.0
--# LIMIT 3 by default

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 2 | 1.0
--> 1 | 0.707107
--> 3 | 0.707107
--# LIMIT 3 by default

-- A query without direction ties all.
SELECT id, score FROM t SEARCH [0, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 1 | 0.0
--> 2 | 0.0
--> 3 | 0.0
--# LIMIT 3 by default
