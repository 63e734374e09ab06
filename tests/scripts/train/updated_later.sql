-- A label whose text stays keeps what was learned for it; one whose text changes begins anew.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, n BIGINT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'fruit'), (2, 'vehicles'), (3, 'weather'), (4, 'music'), (5, 'animals'),
(6, 'cooking'), (7, 'ships'), (8, 'sports'), (9, 'money'), (10, 'books');
--= 10 changed

CREATE TABLE pairs (row BIGINT PRIMARY KEY, text TEXT, labels BIGINT[]);

INSERT INTO pairs VALUES (1, 'ripe red apple', [1]), (2, 'green pear', [1]), (3, 'banana bread', [1, 6]),
(4, 'fast car', [2]), (5, 'old bus', [2]), (6, 'jaguar engine', [2]), (7, 'rain tomorrow', [3]), (8, 'cold wind', [3]),
(9, 'storm at sea', [3, 7]), (10, 'violin concert', [4]), (11, 'guitar song', [4]), (12, 'rock album', [4]),
(13, 'black cat', [5]), (14, 'wild horse', [5]), (15, 'jaguar in the forest', [5]), (16, 'apple pie', [6]),
(17, 'fried fish', [6]), (18, 'hot oven', [6]), (19, 'sailing boat', [7]), (20, 'harbour captain', [7]),
(21, 'cargo vessel', [7]), (22, 'football match', [8]), (23, 'tennis player', [8]), (24, 'horse race', [8]),
(25, 'bank account', [9]), (26, 'coin purse', [9]), (27, 'loan interest', [9]), (28, 'novel writer', [10]),
(29, 'library shelf', [10]), (30, 'poem reader', [10]);
--= 30 changed

CREATE INDEX i ON t USING flat (z);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 4);

CREATE CLASSIFIER c ON t;

CREATE CLASSIFIER s ON t WITH (link = 'sigmoid');

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 10, batch = 8, lr = 0.02);
--# 30 points, 32 pairs
--# 10 epochs in # s, loss 0.00 to 0.00

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1);
--# 30 points, 32 pairs
--# 105 terms, 847 weights in # s

TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (classifier = 's', beam = 2, shortlist = 10, epochs = 10, batch = 10, lr = 0.02);
--# 30 points, 32 pairs
--# 15 epochs in # s, loss 0.32 to 0.11
--# 32 edges of 4 clusters

SELECT id, round(dense.score, 3), round(logit.score, 3), round(words.score, 3), round(score, 3) FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) AS dense THEN RERANK(s) AS logit THEN RERANK(w) AS words
SCORE BY dense.score * inverse_propensity LIMIT 2;
--> 2 | 0.586 | 3.638 | 0.412 | 1.606
--> 5 | 0.385 | -2.07 | -0.826 | 1.054

SELECT id, round(score, 3) FROM t SEARCH 'jaguar engine' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 10) LIMIT 3;
--> 1 | 1.0
--> 2 | 1.0
--> 5 | 1.0

-- Another column changes: the same scores.
UPDATE t SET n = 7 WHERE id = 2;
--= 1 changed

INSERT INTO t (id, title, n) VALUES (2, 'vehicles', 8) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
--= 1 changed

SELECT n FROM t WHERE id = 2;
--> 8

SELECT id, round(dense.score, 3), round(logit.score, 3), round(words.score, 3), round(score, 3) FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) AS dense THEN RERANK(s) AS logit THEN RERANK(w) AS words
SCORE BY dense.score * inverse_propensity LIMIT 2;
--> 2 | 0.586 | 3.638 | 0.412 | 1.606
--> 5 | 0.385 | -2.07 | -0.826 | 1.054

SELECT id, round(score, 3) FROM t SEARCH 'jaguar engine' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 10) LIMIT 3;
--> 1 | 1.0
--> 2 | 1.0
--> 5 | 1.0

-- The text changes, and with it everything.
UPDATE t SET title = 'engines of boats' WHERE id = 2;
--= 1 changed

SELECT id, round(dense.score, 3), round(logit.score, 3), round(words.score, 3), round(score, 3) FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) AS dense THEN RERANK(s) AS logit THEN RERANK(w) AS words
SCORE BY dense.score * inverse_propensity LIMIT 2;
--> 2 | 0.504 | 2.095 | -0.787 | 2.107
--> 5 | 0.385 | -2.07 | -0.826 | 1.054

SELECT id, round(score, 3) FROM t SEARCH 'jaguar engine' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 10) LIMIT 3;
--> 1 | 1.0
--> 2 | 1.0
--> 5 | 1.0
