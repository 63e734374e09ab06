-- Training a cosine classifier: rows move to the texts of their labels, and labels inserted later start as their
-- embedding.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
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

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c);

-- Before, the classifier is the embedding.
EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 90.0 | 100.0
--> PIPELINE p | 30 | 90.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points
--# PIPELINE p: # queries/s in blocks, 30 points

SELECT id, round(score, 2) FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;
--> 2 | 0.59
--> 5 | 0.27
--> 7 | 0.26

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);
--# 30 points, 32 pairs
--# 30 epochs in # s, loss 0.00 to 0.00

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

SELECT id, round(score, 2) FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;
--> 2 | 0.63
--> 5 | 0.27
--> 4 | 0.04

-- The embeddings are what they were.
EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 90.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points

DESCRIBE c;
--> name | c
--> table | t
--> dimension | 64
--> format | f32
--> link | cosine
--> bias | false
--> batch | 8
--> batch_labels | 16384
--> cluster_size | 2
--> doubling | [5, 10, 15]
--> dropout | 0.5
--> epochs | 30
--> hard_negatives | 5
--> lever | false
--> loss | triplet
--> losses | 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00
--> lr | 0.02
--> margin | 0.2
--> negatives | batch
--> reciprocal | exclude
--> refresh | 5
--> sampled_negatives | 0
--> seed | 1
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 120
--> warmup | 0
--> weight_decay | 0

SHOW CLASSIFIERS;
--> c | t | 64 | f32 | cosine | false

--@ only as-written: jobs live as long as the database is open
SHOW JOBS;
--> 1 | done | training classifiers, epoch 30 of 30, loss 0.00 | 120 | 120 | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0) | 30 points, 32 pairs; 30 epochs in # s, loss 0.00 to 0.00

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;
--> project  id
--> `- limit 3 offset 0
-->    `- search t  k=3  pipeline p
-->       +- encode m
-->       +- shortlist i  flat, limit 10
-->       +- rerank c  limit all
-->       `- rank  score desc, primary key

-- Trained again on the same pairs it ends in the same rows: a training starts from the embeddings.
CREATE CLASSIFIER d ON t WITH (link = 'cosine');

TRAIN CLASSIFIER d FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);
--# 30 points, 32 pairs
--# 30 epochs in # s, loss 0.00 to 0.00

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);
--# 30 points, 32 pairs
--# 30 epochs in # s, loss 0.00 to 0.00

SELECT id, first.score = second.score FROM t SEARCH 'storm'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) AS first THEN RERANK(d) AS second LIMIT 3;
--> 3 | true
--> 7 | true
--> 4 | true

-- A label that came after the training is found by every path in the next statement, with the score of its embedding.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');
--= 1 changed

SELECT id, abs(shortlist.score - rerank.score) < 1e-6 FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;
--> 11 | true

SELECT id FROM t SEARCH 'mountain peaks' VIA EXACT LIMIT 1;
--> 11

-- Deleted labels are gone, and a changed one has the row of its new text.
DELETE FROM t WHERE id = 2;
--= 1 changed

UPDATE t SET title = 'jaguar engines' WHERE id = 7;
--= 1 changed

SELECT id, abs(shortlist.score - rerank.score) < 1e-6 FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--> 7 | true
