-- Rows stored in two bytes or one byte an element: exact for powers of two, rounded for others.

--@ file w.npy
--| 0.1 0.2
--| 0.5 1
CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0.5]), (2, [0.25, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER h ON t WITH (link = 'sigmoid', dtype = 'f16');

CREATE CLASSIFIER b ON t WITH (link = 'sigmoid', dtype = 'i8', bias = true);

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) THEN RERANK(h);
--> 1 | 1.5
--> 2 | 1.25
--# LIMIT 2 by default

SELECT id, round(score, 2) FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) THEN RERANK(b);
--> 1 | 1.5
--> 2 | 1.25
--# LIMIT 2 by default

COPY CLASSIFIER h FROM '${tmp}/w.npy';
--= 2 changed

-- 0.1 as a half is 0.0999755859375, 0.2 is 0.199951171875.
SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 2) THEN RERANK(h);
--> 2 | 1.5
--> 1 | 0.299927
--# LIMIT 2 by default

SHOW CLASSIFIERS;
--> b | t | 2 | i8 | sigmoid | true
--> h | t | 2 | f16 | sigmoid | true
