-- Pipelines, overrides, stage scores and vectors under LATERAL are those of a single search.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot'), (3, 'garden chair of oak'),
  (4, 'standing desk'), (5, 'desk lamp'), (6, 'boot polish');

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 4) THEN RERANK(c, limit => 3)
  SCORE BY 0.5 * shortlist.score + 0.5 * rerank.score;

SELECT q.n, r.* FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id, round(score, 4) AS score, round(rerank.score, 4) AS cosine, shortlist.rank AS before FROM t SEARCH q.text
   VIA PIPELINE p LIMIT 2) AS r;

SELECT id, round(score, 4), round(rerank.score, 4), shortlist.rank FROM t SEARCH 'a desk' VIA PIPELINE p LIMIT 2;

SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text VIA PIPELINE p (rerank.limit => 1) LIMIT 1) AS r;

SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text) CROSS JOIN LATERAL
  (SELECT id FROM t SEARCH q.text VIA FUSE UNION (ENCODE(m) THEN SHORTLIST(i, limit => 2) AS a,
     ENCODE(m) THEN SHORTLIST(i, limit => 3) AS b) LIMIT 2) AS r;

-- The default pipeline counts here too.
ALTER TABLE t SET DEFAULT PIPELINE p;

SELECT q.n, r.* FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id, round(score, 4) AS score FROM t SEARCH q.text LIMIT 1) AS r;

-- Vectors of the left side.
CREATE TABLE v (id BIGINT PRIMARY KEY, w VECTOR(2));

INSERT INTO v VALUES (1, [1, 0]), (2, [0, 1]), (3, [0.6, 0.8]);

SELECT a.id, r.id, r.score FROM v AS a CROSS JOIN LATERAL (SELECT id, score FROM v SEARCH (VECTOR => a.w) VIA EXACT LIMIT 2) AS r;

EXPLAIN SELECT q.n, r.id FROM (VALUES (1, 'a boot'), (2, 'a desk')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text VIA PIPELINE p LIMIT 2) AS r WHERE q.n < 2 AND r.id > 1;

EXPLAIN VERBOSE SELECT q.n, r.id FROM (VALUES (1, 'a boot')) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text VIA PIPELINE p LIMIT 2) AS r WHERE q.n < 2 AND r.id > 1;
