-- The score of the ELIAS paper: path score times the sigmoid of the logit.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, normalize([9, 1])), (3, [0, 1]), (4, normalize([1, 9]));
--= 4 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

-- The path scores of cluster 1 are 1, so that sigmoid(z . q) is left: sigmoid(1) and sigmoid(9 / sqrt(82)).
SELECT id, score, sigmoid(1), sigmoid(9 / sqrt(82)) FROM t SEARCH [1, 0]
VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) THEN RERANK(c)
SCORE BY shortlist.score * sigmoid(rerank.score) LIMIT 2;
--> 1 | 0.731059 | 0.731059 | 0.729854
--> 2 | 0.729854 | 0.731059 | 0.729854

SELECT id, score = probe.score * shortlist.score FROM t SEARCH [1, 0]
VIA PROBE(e, beam => 2) THEN SHORTLIST(limit => 4) SCORE BY probe.score * shortlist.score;
--> 1 | true
--> 2 | true
--> 3 | true
--> 4 | true
--# LIMIT 4 by default
