-- Training auxiliary vectors: the embeddings of all labels change with them, and so does what is derived from those.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(dexa))) STORED);

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

CREATE AUXILIARY dexa ON t WITH (clusters = 4);

CREATE INDEX i ON t USING flat (z);

CREATE INDEX f ON t USING faiss (z) WITH (factory = 'HNSW8');

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t;

EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 90.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points

SHOW AUXILIARIES;
--> dexa | t | 4 | false

TRAIN AUXILIARY dexa FROM (SELECT text, labels FROM pairs)
WITH (epochs = 20, batch = 8, cluster_size = 2, doubling = [], head_labels = 3, lr = 0.1, margin = 0.3);
--# 30 points, 32 pairs
--# 20 epochs in # s, loss 0.01 to 0.00
--# 4 shared vectors, 3 of head labels

-- The head labels have three points each, as most do; vectors are shared by the others.
EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points

SHOW AUXILIARIES;
--> dexa | t | 4 | true

DESCRIBE dexa;
--> name | dexa
--> table | t
--> clusters | 4
--> trained | true
--> batch | 8
--> cluster_size | 2
--> doubling | []
--> epochs | 20
--> hard_negatives | 10
--> head_labels | 3
--> head_points | 50
--> losses | 0.01 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00 0.00
--> lr | 0.1
--> margin | 0.3
--> reciprocal | exclude
--> seed | 1
--> temperature | 0.1
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 80
--> warmup | 0.05

-- Every path scores by the new embeddings, and the classifier keeps the rows that it had.
SELECT id FROM t SEARCH 'jaguar engine' VIA EXACT LIMIT 3;
--> 2
--> 5
--> 7

SELECT id FROM t SEARCH 'jaguar engine' VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) LIMIT 3;
--> 2
--> 5
--> 7

SELECT id FROM t SEARCH 'jaguar engine' VIA ENCODE(m) THEN SHORTLIST(f, limit => 10) LIMIT 3;
--> 2
--> 5
--> 7

SELECT id FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 10) THEN RERANK(z) LIMIT 3;
--> 2
--> 5
--> 7

SELECT abs(near.score - rerank.score) > 1e-3 FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(c) LIMIT 1;
--> true

SELECT id, title FROM t WHERE id < 3;
--> 1 | fruit
--> 2 | vehicles

-- A label inserted afterwards gets the vector of its nearest cluster.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');
--= 1 changed

SELECT id FROM t SEARCH 'mountain peaks' VIA EXACT LIMIT 1;
--> 11

SELECT id FROM t SEARCH 'mountain peaks' VIA ENCODE(m) THEN SHORTLIST(f, limit => 10) LIMIT 1;
--> 11

SELECT id FROM t SEARCH 'mountain peaks' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 11) THEN RERANK(c) LIMIT 1;
--> 11

-- A second training with the same pairs ends in the same embeddings.
CREATE TABLE before (id BIGINT PRIMARY KEY, z VECTOR(64));

INSERT INTO before SELECT id, z FROM t;
--= 11 changed

DELETE FROM t WHERE id = 11;
--= 1 changed

TRAIN AUXILIARY dexa FROM (SELECT text, labels FROM pairs)
WITH (epochs = 20, batch = 8, cluster_size = 2, doubling = [], head_labels = 3, lr = 0.1, margin = 0.3);
--# 30 points, 32 pairs
--# 20 epochs in # s, loss 0.01 to 0.00
--# 4 shared vectors, 3 of head labels

SELECT count(*) FROM t WHERE z IN (SELECT z FROM before);
--> 10

TRAIN AUXILIARY dexa FROM (SELECT text, labels FROM pairs) WITH (lr = 0);
--! error[V0001]: option lr of TRAIN AUXILIARY cannot be 0
--!   help: it takes a number from 0.000000001 to 1000

TRAIN AUXILIARY dexa FROM (SELECT text, labels FROM pairs) WITH (temprature = 1);
--! error[V0001]: TRAIN AUXILIARY has no option temprature
--!   help: did you mean temperature?

TRAIN AUXILIARY dexa FROM (SELECT text, labels FROM pairs) WITH (epochs = 1, batch = 1);
--! error[V0001]: option batch of TRAIN AUXILIARY cannot be 1
--!   help: it takes a whole number from 2 to 65536
