-- Texts: every branch encodes for itself, or ENCODE before FUSE serves all. Both give the same, alone and in
-- blocks under EVALUATE.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car'), (4, 'slow train'), (5, 'blue sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

SELECT id, round(score, 3), dense.rank FROM t SEARCH 'green pear'
VIA FUSE RRF (ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 3) AS tree WEIGHT 0.001,
              ENCODE(m) THEN SHORTLIST(i, limit => 2) AS dense)
    THEN RERANK(c, limit => 2) LIMIT 1;
--> 2 | 1.0 | 1

SELECT id, round(score, 3) FROM t SEARCH 'green pear'
VIA ENCODE(m) THEN FUSE MAX (SHORTLIST(i, limit => 2) AS dense, SHORTLIST(i, limit => 5) THEN RERANK(c, limit => 3) AS clf WEIGHT 2)
LIMIT 1;
--> 2 | 2.0

CREATE PIPELINE own ON t AS
  FUSE RRF (ENCODE(m) THEN SHORTLIST(i, limit => 5) AS a, ENCODE(m) THEN SHORTLIST(i, limit => 1) AS b) THEN RERANK(z, limit => 3);

CREATE PIPELINE shared ON t AS
  ENCODE(m) THEN FUSE RRF (SHORTLIST(i, limit => 5) AS a, SHORTLIST(i, limit => 1) AS b) THEN RERANK(z, limit => 3);

EVALUATE PIPELINE own, PIPELINE shared, PIPELINE shared (a.limit => 1, b.limit => 1, rerank.limit => 1)
FROM (SELECT title AS text, [id] AS labels FROM t) METRICS (P@1, R@3);
--> PIPELINE own | 5 | 100.0 | 100.0
--> PIPELINE shared | 5 | 100.0 | 100.0
--> PIPELINE shared (a.limit => 1, b.limit => 1, rerank.limit => 1) | 5 | 100.0 | 100.0
--# PIPELINE own: # queries/s in blocks, 5 points
--# PIPELINE shared: # queries/s in blocks, 5 points
--# PIPELINE shared (a.limit => 1, b.limit => 1, rerank.limit => 1): # queries/s in blocks, 5 points

-- Models that differ leave no one vector behind the FUSE.

CREATE MODEL n FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json' WITH (normalize = true);

SELECT id FROM t SEARCH 'car' VIA FUSE RRF (ENCODE(m) THEN SHORTLIST(i) AS a, ENCODE(n) THEN SHORTLIST(i) AS b) LIMIT 1;
--> 3

SELECT id FROM t SEARCH 'car' VIA FUSE RRF (ENCODE(m) THEN SHORTLIST(i) AS a, ENCODE(n) THEN SHORTLIST(i) AS b) THEN RERANK(z);
--! error[Q0309]: the branches of FUSE encode with different models (`m`, `n`), so `rerank` has no one query vector
--!   1 | ... ENCODE(n) THEN SHORTLIST(i) AS b) THEN RERANK(z)
--!     |                                            ^^^^^^^^^ help: put ENCODE(model) before FUSE: its vector stands behind it too

DROP MODEL n;
