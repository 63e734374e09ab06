-- Words and vectors together: branches of a FUSE, a shortlist of words before RERANK, and queries in blocks.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car'), (4, 'slow train'), (5, 'blue sea'), (6, 'red car');
--= 6 changed

CREATE INDEX i ON t USING flat (z);

CREATE INDEX f ON t USING fts (title);

SELECT id, round(score, 6), lex.rank, dense.rank FROM t SEARCH 'red car'
VIA FUSE RRF (MATCH(title, limit => 3) AS lex, ENCODE(m) THEN SHORTLIST(i, limit => 3) AS dense WEIGHT 0.5) LIMIT 3;
--> 6 | 0.02459 | 1 | 1
--> 1 | 0.024066 | 2 | 3
--> 3 | 0.023938 | 3 | 2

SELECT id, round(score, 3) FROM t SEARCH 'red car'
VIA ENCODE(m) THEN MATCH(title, limit => 3) THEN RERANK(z, limit => 2) LIMIT 2;
--> 6 | 1.0
--> 3 | 0.604

SELECT id, round(score, 3) FROM t SEARCH 'red car'
VIA FUSE UNION (MATCH(title, limit => 3), ENCODE(m) THEN SHORTLIST(i, limit => 3)) THEN RERANK(z, limit => 2) LIMIT 2;
--> 6 | 1.0
--> 3 | 0.604

-- A vector brings no text, but both may come.
CREATE TABLE v (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

INSERT INTO v VALUES (1, 'red apple', [1, 0]), (2, 'green apple', [0, 1]), (3, 'blue sea', [1, 1]);
--= 3 changed

CREATE INDEX g ON v USING fts (title);

SELECT id FROM v SEARCH (TEXT => 'sea', VECTOR => [1, 0]) VIA MATCH(title) LIMIT 3;
--> 3

SELECT id, score, match.rank FROM v SEARCH (TEXT => 'green apple', VECTOR => [1, 0])
VIA MATCH(title, limit => 5) THEN RERANK(z, limit => 5) LIMIT 5;
--> 1 | 1.0 | 2
--> 2 | 0.0 | 1

SELECT id, score FROM v SEARCH [0, 1] VIA MATCH(title, 'apple', limit => 5) THEN RERANK(z, limit => 5) LIMIT 1;
--> 2 | 1.0

CREATE PIPELINE lexical ON t AS MATCH(title, limit => 4);

CREATE PIPELINE hybrid ON t AS
  FUSE LINEAR (MATCH(title, limit => 4) AS lex WEIGHT 0.3, ENCODE(m) THEN SHORTLIST(i, limit => 4) AS dense) AS both;

DESCRIBE hybrid;
--> name | hybrid
--> table | t
--> sql | FUSE LINEAR (MATCH(title, limit => 4) AS lex WEIGHT 0.3, ENCODE(m) THEN SHORTLIST(i, limit => 4) AS dense) AS both

SELECT id FROM t SEARCH 'green' VIA PIPELINE hybrid (lex.limit => 2, dense.limit => 1) LIMIT 1;
--> 2

EVALUATE PIPELINE lexical, PIPELINE hybrid
FROM (SELECT title AS text, [id] AS labels FROM t) METRICS (P@1, R@2);
--> PIPELINE lexical | 6 | 100.0 | 100.0
--> PIPELINE hybrid | 6 | 100.0 | 100.0
--# PIPELINE lexical: # queries/s in blocks, 6 points
--# PIPELINE hybrid: # queries/s in blocks, 6 points

SELECT q.n, a.id, a.rank FROM (VALUES (1, 'sea'), (2, 'train'), (3, 'sea'), (4, 'nothing of it')) AS q (n, text)
CROSS JOIN LATERAL (SELECT id, rank FROM t SEARCH q.text VIA MATCH(title) LIMIT 2) AS a;
--> 1 | 5 | 1
--> 2 | 4 | 1
--> 3 | 5 | 1

SELECT id, round(score, 3) FROM t SEARCH 'red' VIA MATCH(title) SCORE BY match.score * 0 + match.rank LIMIT 2;
--> 6 | 2.0
--> 1 | 1.0
