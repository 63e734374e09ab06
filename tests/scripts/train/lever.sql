-- LEVER: soft targets by a teacher for labels with few points, for classifiers of either link.

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

CREATE CLASSIFIER plain ON t WITH (link = 'sigmoid');

CREATE CLASSIFIER soft ON t WITH (link = 'sigmoid');

CREATE CLASSIFIER line ON t WITH (link = 'sigmoid');

TRAIN CLASSIFIER plain FROM (SELECT text, labels FROM pairs) WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all');

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs)
WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all', lever = true, tau = 20, threshold = 0.6);

TRAIN CLASSIFIER line FROM (SELECT text, labels FROM pairs)
WITH (epochs = 10, batch = 10, lr = 0.01, negatives = 'all', lever = true, teacher = 'logistic', blend = 'paper', lambda = 0.3);

-- The three learned different rows.
SELECT count(*) FROM t SEARCH 'horse race'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(plain) AS a THEN RERANK(soft) AS b THEN RERANK(line) AS c
WHERE id < 100 QUALIFY abs(a.score - b.score) > 1e-4 AND abs(b.score - c.score) > 1e-4;

DESCRIBE soft;

CREATE CLASSIFIER cosine ON t;

TRAIN CLASSIFIER cosine FROM (SELECT text, labels FROM pairs) WITH (epochs = 10, batch = 10, lever = true);

-- Options of LEVER are unknown without it.
TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (tau = 20);

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (lever = true, tau_e = 20);

TRAIN CLASSIFIER soft FROM (SELECT text, labels FROM pairs) WITH (lever = 'yes');
