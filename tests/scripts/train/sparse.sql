-- A sparse classifier: words of the query, for labels that the embedding confuses.

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

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(w);

-- It has neither terms nor rows before it is trained.
SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;

SHOW CLASSIFIERS;

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1, negatives = 100, hard_negatives = 9);

EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

SELECT id, score > 0 FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 2;

SELECT id, score > 0 FROM t SEARCH 'jaguar in the forest' VIA PIPELINE p LIMIT 2;

DESCRIBE w;

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;

EXPLAIN ANALYZE SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;

-- A vector has no words; text and vector together do.
SELECT id FROM t SEARCH $1 VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1;

SELECT r.id FROM (SELECT z AS v FROM t WHERE id = 1) AS q
CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.v VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1) AS r;

-- A label inserted later is scored by the words of its title.
INSERT INTO t (id, title) VALUES (11, 'harbour pilots');

SELECT id, rerank.score > 0 FROM t SEARCH 'harbour pilots' VIA PIPELINE p LIMIT 1;

UPDATE t SET title = 'forest rangers' WHERE id = 11;

SELECT id FROM t SEARCH 'forest rangers' VIA PIPELINE p LIMIT 1;

DELETE FROM t WHERE id = 11;

SELECT id FROM t SEARCH 'forest rangers' VIA PIPELINE p LIMIT 1;

-- With characters and the embedding, among candidates of a classifier.
CREATE CLASSIFIER dense ON t;

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs)
WITH (min_df = 1, ngrams = 1, char_ngrams = [3, 4], embedding = true, shortlist = 'dense', hard_negatives = 5, sublinear = false);

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

-- It has nothing that a flat index could order, and a classifier cannot be turned back.
CREATE INDEX j ON t USING flat (w);

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (char_ngrams = [3]);

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (char_ngrams = [5, 3]);

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (shortlist = 'missing');

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (shortlist = 'w');

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1000);

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (lr = 0.1);

COPY CLASSIFIER w TO '${tmp}/w.npy';

DROP CLASSIFIER w;

DROP PIPELINE p;

DROP CLASSIFIER w;

SHOW CLASSIFIERS;
