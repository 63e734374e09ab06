-- Training a sigmoid classifier on all labels of every point, with an adapter of queries.

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

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs)
WITH (loss = 'bce', negatives = 'all', adapter = true, epochs = 40, batch = 10, lr = 0.01, seed = 3);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

-- Logits of the label that was taught are above 0 and others below.
SELECT id, score > 0 FROM t SEARCH 'bank account' VIA PIPELINE p LIMIT 3;

DESCRIBE c;

-- The row of a label that came later goes through the same adapter, so that it competes with trained ones.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');

SELECT id, score > 0 FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 2;

-- Softmax, without biases and an adapter.
CREATE CLASSIFIER s ON t WITH (link = 'sigmoid', bias = false);

TRAIN CLASSIFIER s FROM (SELECT text, labels FROM pairs) WITH (loss = 'softmax', epochs = 20, batch = 10, lr = 0.01);

EVALUATE (SELECT id FROM t SEARCH $1 VIA ENCODE(m) THEN SHORTLIST(i, limit => 11) THEN RERANK(s))
FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
