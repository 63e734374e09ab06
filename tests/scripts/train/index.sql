-- Training a cluster graph and the classifier beside it, stage by stage.

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

CREATE INDEX e ON t USING elias (z) WITH (clusters = 4);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

CREATE PIPELINE p ON t AS ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 10) THEN RERANK(c)
SCORE BY shortlist.score * sigmoid(rerank.score);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);
--> PIPELINE p | 30 | 90.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

--@ only as-written: how much is packed differs
DESCRIBE e;
--> name | e
--> table | t
--> method | elias
--> target | z
--> options | alpha = 10, beta = 150, clusters = 4, scale = 20, seed = 1
--> generation | 15
--> covered | 10
--> newer | 0
--> alpha | 10
--> beta | 150
--> clusters | 4
--> dimension | 64
--> edges | 10
--> slot_end | 10
--> stage | untrained

TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (classifier = 'c', beam = 2, shortlist = 10, partition_epochs = 20, epochs = 30, batch = 10, dropout = 0, lr = 0.02, lr_classifier = 0.02);
--# 30 points, 32 pairs
--# 50 epochs in # s, loss 0.11 to 0.01
--# 31 edges of 4 clusters

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

--@ only as-written: how much is packed differs
DESCRIBE e;
--> name | e
--> table | t
--> method | elias
--> target | z
--> options | alpha = 10, beta = 150, clusters = 4, scale = 20, seed = 1
--> generation | 20
--> covered | 10
--> newer | 0
--> alpha | 10
--> batch | 10
--> beam | 2
--> beta | 150
--> classifier | c
--> clusters | 4
--> dimension | 64
--> dropout | 0
--> edges | 31
--> edges_per_label | 2
--> epochs | 30
--> kappa | 1000
--> lever | false
--> losses | 0.11 0.11 0.10 0.09 0.08 0.08 0.07 0.07 0.06 0.06 0.06 0.05 0.05 0.05 0.05 0.05 0.05 0.04 0.04 0.04 0.03 0.03 0.03 0.02 0.02 0.02 0.02 0.02 0.02 0.02 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01
--> lr | 0.02
--> lr_classifier | 0.02
--> partition_epochs | 20
--> reciprocal | exclude
--> seed | 1
--> shortlist | 10
--> shortlist_loss | 0.05
--> slot_end | 10
--> stage | both
--> start | approximate
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 150
--> warmup | 0.1
--> weight_decay | 0.01

DESCRIBE c;
--> name | c
--> table | t
--> dimension | 64
--> format | f32
--> link | sigmoid
--> bias | true
--> alpha | 10
--> batch | 10
--> beam | 2
--> beta | 150
--> classifier | c
--> dropout | 0
--> edges_per_label | 2
--> epochs | 30
--> kappa | 1000
--> lever | false
--> losses | 0.11 0.11 0.10 0.09 0.08 0.08 0.07 0.07 0.06 0.06 0.06 0.05 0.05 0.05 0.05 0.05 0.05 0.04 0.04 0.04 0.03 0.03 0.03 0.02 0.02 0.02 0.02 0.02 0.02 0.02 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01 0.01
--> lr | 0.02
--> lr_classifier | 0.02
--> partition_epochs | 20
--> reciprocal | exclude
--> seed | 1
--> shortlist | 10
--> shortlist_loss | 0.05
--> stage | both
--> start | approximate
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 150
--> warmup | 0.1
--> weight_decay | 0.01

SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--> 2

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  pipeline p
-->       +- encode m
-->       +- probe e  beam 2
-->       +- shortlist path scores  limit 10
-->       +- rerank c  limit all
-->       `- rank  score desc, primary key, SCORE BY

-- A label that came after the training is found by the next statement.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');
--= 1 changed

SELECT id FROM t SEARCH 'mountain peaks' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 11) ORDER BY id DESC LIMIT 1;
--> 11

SELECT id FROM t SEARCH 'mountain peaks' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 11) THEN RERANK(c) LIMIT 1;
--> 11

-- More of the second stage, from the graph as it is: the new label takes part.
TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (stage = 'again', classifier = 'c', beam = 2, shortlist = 10, epochs = 5, dropout = 0, batch = 10, lr = 0.005);
--# 30 points, 32 pairs
--# 5 epochs in # s, loss 0.01 to 0.01
--# 33 edges of 4 clusters

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

SELECT id FROM t SEARCH 'mountain peaks' VIA ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 11) ORDER BY id DESC LIMIT 1;
--> 11

-- Each stage alone; without a classifier the index alone is changed.
TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (stage = 'partition', clusters = 3, partition_epochs = 5, batch = 10);
--# 30 points, 32 pairs
--# 5 epochs in # s, loss 0.22 to 0.16
--# 11 edges of 3 clusters

--@ only as-written: how much is packed differs
DESCRIBE e;
--> name | e
--> table | t
--> method | elias
--> target | z
--> options | alpha = 10, beta = 150, clusters = 4, scale = 20, seed = 1
--> generation | 28
--> covered | 11
--> newer | 0
--> alpha | 10
--> batch | 10
--> beam | 20
--> beta | 150
--> clusters | 3
--> dimension | 64
--> dropout | 0.5
--> edges | 11
--> edges_per_label | 2
--> epochs | 10
--> kappa | 1000
--> lever | false
--> losses | 0.22 0.17 0.17 0.17 0.16
--> lr | 0.005
--> lr_classifier | 0.01
--> partition_epochs | 5
--> reciprocal | exclude
--> seed | 1
--> shortlist | 500
--> shortlist_loss | 0.05
--> slot_end | 11
--> stage | partition
--> start | approximate
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 15
--> warmup | 0.1
--> weight_decay | 0.01

TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (stage = 'adjacency', start = 'approximate', kappa = 20, epochs = 5, batch = 10, lever = true);
--# 30 points, 32 pairs
--# 5 epochs in # s, loss 0.20 to 0.15
--# 33 edges of 3 clusters

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

DELETE FROM t WHERE id = 2;
--= 1 changed

SELECT count(*) FROM t SEARCH 'fast car' VIA ENCODE(m) THEN PROBE(e, beam => 3) THEN SHORTLIST(limit => 20) WHERE id = 2;
--> 0

REINDEX e;

SELECT id FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;
--> 11

-- What does not fit.
CREATE CLASSIFIER cosine ON t;

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'cosine');
--! error[V0001]: classifier cosine cannot be trained with index e
--!   help: it takes one of the same column with link = 'sigmoid' and bias = true

CREATE CLASSIFIER unbiased ON t WITH (link = 'sigmoid', bias = false);

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'unbiased');
--! error[V0001]: classifier unbiased cannot be trained with index e
--!   help: it takes one of the same column with link = 'sigmoid' and bias = true

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'missing');
--! error[V0001]: classifier missing does not exist
--!   help: SHOW CLASSIFIERS lists them

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (stage = 'third');
--! error[V0001]: option stage of TRAIN INDEX cannot be third
--!   help: it takes one of both, partition, adjacency, again

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (edges = 3);
--! error[V0001]: TRAIN INDEX has no option edges
--!   help: it takes seed, resume, checkpoint_seconds, stage, beam, shortlist, alpha, beta, partition_epochs, lr, lr_classifier, batch, dropout, weight_decay, warmup, epochs, shortlist_loss, start, classifier, clusters, kappa, edges_per_label, lever, reciprocal

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (clusters = 0);
--! error[V0001]: option clusters of TRAIN INDEX cannot be 0
--!   help: it takes a whole number from 1 to 16777216

CREATE INDEX i ON t USING flat (z);

TRAIN INDEX i FROM (SELECT text, labels FROM pairs);
--! error[V0001]: index i is flat: it has nothing to learn
--!   help: TRAIN INDEX takes an elias index; REINDEX builds the others again

CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO u VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX g ON u USING elias (z) WITH (clusters = 1);

TRAIN INDEX g FROM (SELECT 'a' AS text, [1] AS labels);
--! error[V0001]: column `z` of table u is not generated by a model
--!   help: training encodes texts: it needs a column GENERATED ALWAYS AS (encode(model, text))
