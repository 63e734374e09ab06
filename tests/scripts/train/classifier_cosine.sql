-- Training a cosine classifier: rows move to the texts of their labels, and labels inserted later start as their
-- embedding.

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

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c);

-- Before, the classifier is the embedding.
EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

SELECT id, round(score, 2) FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

SELECT id, round(score, 2) FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;

-- The embeddings are what they were.
EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

DESCRIBE c;

SHOW CLASSIFIERS;

--@ only as-written: jobs live as long as the database is open
SHOW JOBS;

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 3;

-- Trained again on the same pairs it ends in the same rows: a training starts from the embeddings.
CREATE CLASSIFIER d ON t WITH (link = 'cosine');

TRAIN CLASSIFIER d FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 30, batch = 8, cluster_size = 2, lr = 0.02, warmup = 0);

SELECT id, first.score = second.score FROM t SEARCH 'storm'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) AS first THEN RERANK(d) AS second LIMIT 3;

-- A label that came after the training is found by every path in the next statement, with the score of its embedding.
INSERT INTO t (id, title) VALUES (11, 'mountain peaks');

SELECT id, abs(shortlist.score - rerank.score) < 1e-6 FROM t SEARCH 'mountain peaks' VIA PIPELINE p LIMIT 1;

SELECT id FROM t SEARCH 'mountain peaks' VIA EXACT LIMIT 1;

-- Deleted labels are gone, and a changed one has the row of its new text.
DELETE FROM t WHERE id = 2;

UPDATE t SET title = 'jaguar engines' WHERE id = 7;

SELECT id, abs(shortlist.score - rerank.score) < 1e-6 FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
