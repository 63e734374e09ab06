-- Pipelines, overrides, stage scores and vectors under LATERAL are those of a single search.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot'), (3, 'garden chair of oak'),
  (4, 'standing desk'), (5, 'desk lamp'), (6, 'boot polish');
--= 6 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 4) THEN RERANK(c, limit => 3)
  SCORE BY 0.5 * shortlist.score + 0.5 * rerank.score;

SELECT q.n, r.* FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id, round(score, 4) AS score, round(rerank.score, 4) AS cosine, shortlist.rank AS before FROM t SEARCH q.text
   VIA PIPELINE p LIMIT 2) AS r;
--> 1 | 6 | 0.6699 | 0.6699 | 1
--> 1 | 2 | 0.5841 | 0.5841 | 2
--> 2 | 4 | 0.8494 | 0.8494 | 1
--> 2 | 5 | 0.6957 | 0.6957 | 2

SELECT id, round(score, 4), round(rerank.score, 4), shortlist.rank FROM t SEARCH 'a desk' VIA PIPELINE p LIMIT 2;
--> 4 | 0.8494 | 0.8494 | 1
--> 5 | 0.6957 | 0.6957 | 2

SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text VIA PIPELINE p (rerank.limit => 1) LIMIT 1) AS r;
--> 1 | 6
--> 2 | 4

SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text VIA FUSE UNION (ENCODE(m) THEN SHORTLIST(i, limit => 2) AS a,
     ENCODE(m) THEN SHORTLIST(i, limit => 3) AS b) LIMIT 2) AS r;
--> 1 | 6
--> 1 | 2
--> 2 | 4
--> 2 | 5

-- The default pipeline counts here too.
ALTER TABLE t SET DEFAULT PIPELINE p;

SELECT q.n, r.* FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, round(score, 4) AS score FROM t SEARCH q.text LIMIT 1) AS r;
--> 1 | 6 | 0.6699
--> 2 | 4 | 0.8494

-- Vectors of the left side.
CREATE TABLE v (id BIGINT PRIMARY KEY, w VECTOR(2));

INSERT INTO v VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);
--= 3 changed

SELECT a.id, r.id, r.score FROM v AS a CROSS JOIN LATERAL (SELECT id, score FROM v SEARCH (VECTOR => a.w) VIA EXACT LIMIT 2) AS r;
--> 1 | 1 | 1.0
--> 1 | 3 | 0.6
--> 2 | 2 | 1.0
--> 2 | 3 | 0.8
--> 3 | 3 | 1.0
--> 3 | 2 | 0.8

EXPLAIN SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text VIA PIPELINE p LIMIT 2) AS r WHERE q.n < 2 AND r.id > 1;
--> lateral  text text, in blocks, equal texts once, filter id > 1, project n, id
--> +- filter column1 < 2
--> |  `- values 2
--> `- project  id
-->    `- limit 2 offset 0
-->       `- search t  k=2  pipeline p
-->          +- encode m
-->          +- shortlist i  flat, limit 4
-->          +- rerank c  limit 3
-->          `- rank  score desc, primary key, SCORE BY

EXPLAIN VERBOSE SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text VIA PIPELINE p LIMIT 2) AS r WHERE q.n < 2 AND r.id > 1;
--> after bind:
-->   Project n, id
-->     Filter id > 1
-->       Lateral
-->         Filter column1 < 2
-->           Values (1, 'a boot')
-->         Project id
-->           Limit 2
-->             Search t text column2 via pipeline p = ENCODE(m) THEN SHORTLIST(i, limit => 4) THEN RERANK(c, limit => 3) SCORE BY (0.5 * shortlist.score) + (0.5 * rerank.score)
--> after limit_pushdown:
-->   Project n, id
-->     Filter id > 1
-->       Lateral
-->         Filter column1 < 2
-->           Values (1, 'a boot')
-->         Project id
-->           Limit 2
-->             Search t text column2 via pipeline p = ENCODE(m) THEN SHORTLIST(i, limit => 4) THEN RERANK(c, limit => 3) SCORE BY (0.5 * shortlist.score) + (0.5 * rerank.score) limit 2
--> after column_pruning:
-->   Project n, id
-->     Filter id > 1
-->       Lateral
-->         Filter column1 < 2
-->           Values (1, 'a boot')
-->         Project id
-->           Limit 2
-->             Search t text column2 via pipeline p = ENCODE(m) THEN SHORTLIST(i, limit => 4) THEN RERANK(c, limit => 3) SCORE BY (0.5 * shortlist.score) + (0.5 * rerank.score) limit 2 columns (id)
--> lateral  text text, in blocks, equal texts once, filter id > 1, project n, id
--> +- filter column1 < 2
--> |  `- values 1
--> `- project  id
-->    `- limit 2 offset 0
-->       `- search t  k=2  pipeline p
-->          +- encode m
-->          +- shortlist i  flat, limit 4
-->          +- rerank c  limit 3
-->          `- rank  score desc, primary key, SCORE BY
