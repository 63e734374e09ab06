-- Training a cluster graph and the classifier beside it, stage by stage.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'fruit'), (2, 'vehicles'), (3, 'weather'), (4, 'music'), (5, 'animals'),
(6, 'cooking'), (7, 'ships'), (8, 'sports'), (9, 'money'), (10, 'books');

CREATE TABLE pairs (row BIGINT PRIMARY KEY, text TEXT, labels BIGINT[]);

INSERT INTO pairs VALUES (1, 'ripe red apple', [1]), (2, 'green pear', [1]), (3, 'banana bread', [1, 6]),
(4, 'fast car', [2]), (5, 'old bus', [2]), (6, 'jaguar engine', [2]), (7, 'rain tomorrow', [3]), (8, 'cold wind', [3]),
(9, 'storm at sea', [3, 7]), (10, 'violin concert', [4]), (11, 'guitar song', [4]), (12, 'rock album', [4]),
(13, 'black cat', [5]), (14, 'wild horse', [5]), (15, 'jaguar in the forest', [5]), (16, 'apple pie', [6]),
(17, 'fried fish', [6]), (18, 'hot oven', [6]), (19, 'sailing boat', [7]), (20, 'harbour captain', [7]),
(21, 'cargo vessel', [7]), (22, 'football match', [8]), (23, 'tennis player', [8]), (24, 'horse race', [8]),
(25, 'bank account', [9]), (26, 'coin purse', [9]), (27, 'loan interest', [9]), (28, 'novel writer', [10]),
(29, 'library shelf', [10]), (30, 'poem reader', [10]);

CREATE INDEX e ON t USING elias (z) WITH (clusters = 4);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

CREATE PIPELINE p ON t AS ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 6) THEN RERANK(c)
SCORE BY shortlist.score * sigmoid(rerank.score);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);

DESCRIBE e;

TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (classifier = 'c', beam = 2, shortlist = 6, partition_epochs = 10, epochs = 15, batch = 10, lr = 0.02, lr_classifier = 0.02);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);

DESCRIBE e;

DESCRIBE c;

SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;

-- A label that came after the training is found by the next statement.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');

SELECT id FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;

-- More of the second stage, from the graph as it is: the new label takes part.
TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (stage = 'again', classifier = 'c', beam = 2, shortlist = 6, epochs = 5, batch = 10, lr = 0.005);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);

SELECT id FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;

-- Each stage alone; without a classifier the index alone is changed.
TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (stage = 'partition', clusters = 3, partition_epochs = 5, batch = 10);

DESCRIBE e;

TRAIN INDEX e FROM (SELECT text, labels FROM pairs)
WITH (stage = 'adjacency', start = 'approximate', kappa = 20, epochs = 5, batch = 10, lever = true);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@5);

DELETE FROM t WHERE id = 2;

SELECT count(*) FROM t SEARCH 'fast car' VIA ENCODE(m) THEN PROBE(e, beam => 3) THEN SHORTLIST(limit => 20) WHERE id = 2;

REINDEX e;

SELECT id FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;

-- What does not fit.
CREATE CLASSIFIER cosine ON t;

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'cosine');

CREATE CLASSIFIER unbiased ON t WITH (link = 'sigmoid', bias = false);

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'unbiased');

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (classifier = 'missing');

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (stage = 'third');

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (edges = 3);

TRAIN INDEX e FROM (SELECT text, labels FROM pairs) WITH (clusters = 1000);

CREATE INDEX i ON t USING flat (z);

TRAIN INDEX i FROM (SELECT text, labels FROM pairs);

CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO u VALUES (1, [1, 0]), (2, [0, 1]);

CREATE INDEX g ON u USING elias (z) WITH (clusters = 1);

TRAIN INDEX g FROM (SELECT 'a' AS text, 1 AS labels);
