-- LEVER: soft targets by a teacher for labels with few points, for classifiers of either link.

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

CREATE CLASSIFIER plain ON t WITH (link = 'sigmoid');

CREATE CLASSIFIER soft ON t WITH (link = 'sigmoid');

CREATE CLASSIFIER line ON t WITH (link = 'sigmoid');

TRAIN CLASSIFIER plain FROM (SELECT text, labels FROM pairs) WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all');
--# 30 points, 32 pairs
--# 10 epochs in # s, loss 1.87 to 0.82
--# logits began as 19.08 * similarity -7.52
--# new labels get 19.08 * z -7.52

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs)
WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all', lever = true, tau = 20, threshold = 0.6);
--# 30 points, 32 pairs
--# 10 epochs in # s, loss 1.63 to 1.49
--# logits began as 14.35 * similarity -6.20
--# new labels get 14.35 * z -6.20

TRAIN CLASSIFIER line FROM (SELECT text, labels FROM pairs)
WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all', lever = true, teacher = 'logistic', blend = 'paper', lambda = 0.3);
--# 30 points, 32 pairs
--# 10 epochs in # s, loss 1.35 to 1.13
--# logits began as 20.22 * similarity -9.06
--# new labels get 20.22 * z -9.06

-- The three learned different rows.
SELECT count(*) FROM t SEARCH 'horse race'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(plain) AS a THEN RERANK(soft) AS b THEN RERANK(line) AS c
WHERE id < 100 QUALIFY abs(a.score - b.score) > 1e-4 AND abs(b.score - c.score) > 1e-4;
--> 10

DESCRIBE soft;
--> name | soft
--> table | t
--> dimension | 64
--> format | f32
--> link | sigmoid
--> bias | true
--> adapter | false
--> batch | 10
--> batch_labels | 16384
--> blend | paper
--> cluster_size | 32
--> doubling | [5, 10, 15]
--> dropout | 0.5
--> epochs | 10
--> hard_negatives | 5
--> lambda | 0.5
--> lever | true
--> loss | bce
--> losses | 1.63 1.49 1.40 1.25 1.19 1.40 1.18 1.17 1.14 1.49
--> lr | 0.01
--> negatives | all
--> reciprocal | exclude
--> refresh | 5
--> sampled_negatives | 0
--> seed | 1
--> tau | 20
--> tau_d | 0
--> tau_l | 4
--> teacher | cosine
--> threshold | 0.6
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 40
--> warmup | 0.05
--> weight_decay | 0

CREATE CLASSIFIER cosine ON t;

TRAIN CLASSIFIER cosine FROM (SELECT text, labels FROM pairs) WITH (epochs = 10, batch = 10, lever = true);
--# 30 points, 32 pairs
--# 10 epochs in # s, loss 0.00 to 0.00

-- Options of LEVER are unknown without it.
TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (tau = 20);
--! error[V0001]: TRAIN CLASSIFIER has no option tau
--!   help: it takes seed, resume, checkpoint_seconds, loss, negatives, adapter, hard_negatives, refresh, sampled_negatives, batch_labels, epochs, lr, warmup, batch, cluster_size, doubling, dropout, weight_decay, lever, reciprocal

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (lever = true, tau_e = 20);
--! error[V0001]: TRAIN CLASSIFIER has no option tau_e
--!   help: did you mean tau_d?

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (lever = 'yes');
--! error[V0001]: option lever of TRAIN CLASSIFIER cannot be yes
--!   help: it takes true or false
