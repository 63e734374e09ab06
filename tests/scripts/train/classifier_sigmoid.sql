-- Training a sigmoid classifier on all labels of every point, with a map of the queries that is learned beside the rows.

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

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE p | 30 | 90.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs)
WITH (loss = 'bce', negatives = 'all', adapter = true, epochs = 40, batch = 10, lr = 0.01, seed = 3);
--# 30 points, 32 pairs
--# 40 epochs in # s, loss 1.85 to 0.38
--# logits began as 19.08 * similarity -7.52
--# new labels get 19.08 * z -7.52

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

-- Logits of the label that was taught are above 0 and others below.
SELECT id, score > 0 FROM t SEARCH 'bank account' VIA PIPELINE p LIMIT 3;
--> 9 | true
--> 6 | false
--> 10 | false

DESCRIBE c;
--> name | c
--> table | t
--> dimension | 64
--> format | f32
--> link | sigmoid
--> bias | true
--> adapter | true
--> adapter_lr | 0.001
--> batch | 10
--> batch_labels | 16384
--> cluster_size | 32
--> doubling | [5, 10, 15]
--> dropout | 0.5
--> epochs | 40
--> hard_negatives | 5
--> lever | false
--> loss | bce
--> losses | 1.85 1.81 1.19 0.89 0.97 0.74 0.56 0.68 0.78 0.58 0.94 0.62 0.23 0.50 0.43 0.78 0.37 0.34 0.37 0.16 0.47 0.31 0.34 0.23 0.30 0.36 0.43 0.22 0.32 0.23 0.23 0.22 0.28 0.30 0.11 0.24 0.36 0.15 0.23 0.38
--> lr | 0.01
--> negatives | all
--> reciprocal | exclude
--> refresh | 5
--> sampled_negatives | 0
--> seed | 3
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 120
--> warmup | 0.05
--> weight_decay | 0

-- The row of a label that came later goes through the same adapter, so that it competes with trained ones.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');
--= 1 changed

SELECT id, score > 0 FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 2;
--> 11 | true
--> 3 | true

-- Softmax, without biases and an adapter.
CREATE CLASSIFIER s ON t WITH (link = 'sigmoid', bias = false);

TRAIN CLASSIFIER s FROM (SELECT text, labels FROM pairs) WITH (loss = 'softmax', epochs = 20, batch = 10, lr = 0.01);
--# 30 points, 32 pairs
--# 20 epochs in # s, loss 0.53 to 0.08
--# logits began as 17.95 * similarity -7.44
--# new labels get 17.95 * z -7.44

CREATE PIPELINE q ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 11) THEN RERANK(s);

EVALUATE PIPELINE q FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE q | 30 | 100.0 | 100.0
--# PIPELINE q: # queries/s in blocks, 30 points
