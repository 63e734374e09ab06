-- Training fusions: a learned formula of the scores of stages and of label frequencies.

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

CREATE CLASSIFIER c ON t;

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

CREATE PIPELINE both ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words THEN RERANK(c) AS dense;

CREATE FUSION tree ON t USING tree (near.score, words.score, dense.score, inverse_propensity);

CREATE FUSION boosted ON t USING boosted (near.score, words.score);

CREATE FUSION linear ON t USING linear (words.score, near.rank);

-- The stages are asked with the training texts, so that they must have learned before.
TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both');

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1, hard_negatives = 9);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 5, batch = 10);

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', depth = 3);

TRAIN FUSION boosted FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', rounds = 20, depth = 2);

TRAIN FUSION linear FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', max_points = 20, max_examples = 100);

SHOW FUSIONS;

DESCRIBE boosted;

CREATE PIPELINE fused INHERITS both SCORE BY tree(near.score, words.score, dense.score, inverse_propensity);

CREATE PIPELINE fused ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words THEN RERANK(c) AS dense
SCORE BY boosted(near.score, words.score);

EVALUATE EXACT ON t, PIPELINE both, PIPELINE fused FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);

SELECT id, score > 0.5 FROM t SEARCH 'jaguar engine' VIA PIPELINE fused LIMIT 2;

SELECT id, score > 0.5 FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words SCORE BY linear(words.score, near.rank) LIMIT 2;

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE fused LIMIT 2;

-- Frequencies of the training make inverse propensities: they are those that EVALUATE uses too.
SELECT id, round(inverse_propensity, 3) FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) SCORE BY shortlist.score * inverse_propensity LIMIT 2;

EVALUATE PIPELINE fused FROM (SELECT text, labels FROM pairs) METRICS (PSP@1);

-- What does not fit.
TRAIN FUSION tree FROM (SELECT text, labels FROM pairs);

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'missing');

CREATE PIPELINE short ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near;

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'short');

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', depth = 100);

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', round = 3);

-- Labels that the pipeline never brings leave nothing that is right.
CREATE PIPELINE one ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 1) AS near THEN RERANK(w) AS words;

TRAIN FUSION boosted FROM (SELECT 'horse race' AS text, 9 AS labels) WITH (pipeline = 'one');
