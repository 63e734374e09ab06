-- A sparse classifier: words of the query, for labels that the embedding confuses.

--@ file w.npy
--| 1 0

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

-- The labels' own words occur in the pairs too: from them it is learned what a label's text is worth.
INSERT INTO pairs SELECT id + 100, title, [id] FROM t;
--= 10 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 20) THEN RERANK(w);

-- It has neither terms nor rows before it is trained.
SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--! error[V0001]: classifier w has learned nothing yet
--!   help: TRAIN CLASSIFIER w first

SHOW CLASSIFIERS;
--> w | t | 64 | f32 | cosine | false

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1, negatives = 100, hard_negatives = 9);
--# 40 points, 42 pairs
--# 105 terms, 624 weights in # s

EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 40 | 92.5 | 100.0
--> PIPELINE p | 40 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 40 points
--# PIPELINE p: # queries/s in blocks, 40 points

SELECT id, score > 0 FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 2;
--> 2 | true
--> 10 | false

SELECT id, score > 0 FROM t SEARCH 'jaguar in the forest' VIA PIPELINE p LIMIT 2;
--> 5 | true
--> 10 | false

DESCRIBE w;
--> name | w
--> table | t
--> dimension | 64
--> format | f32
--> link | cosine
--> bias | false
--> char_ngrams | []
--> cost | 1
--> embedding | false
--> epochs | 100
--> hard_negatives | 9
--> max_terms | 2000000
--> min_df | 1
--> negatives | 100
--> ngrams | 2
--> own_text | 3
--> positive | 1
--> reciprocal | exclude
--> seed | 1
--> sublinear | true
--> threshold | 0.1
--> trained_pairs | 42
--> trained_points | 40
--> trained_seconds | #

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  pipeline p
-->       +- encode m
-->       +- shortlist i  flat, limit 20
-->       +- rerank w  limit all
-->       `- rank  score desc, primary key

EXPLAIN ANALYZE SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
-->                       rows  time  notes
--> project  1  # ms  id
--> `- limit 1 offset 0  1  # ms
-->    `- search t  k=1  1  # ms  pipeline p
-->       +- encode m  1  # ms  device=cpu, 4 tokens
-->       +- shortlist i  10  # ms  flat, limit 20, 10 labels scored
-->       +- rerank w  10  # ms  limit all, 105 terms, sparse, 10 rows read
-->       `- rank  1  # ms  score desc, primary key
--> total # ms (plan # ms)

-- A vector has no words; text and vector together do.
SELECT id FROM t SEARCH [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1;
--! error[V0001]: classifier w scores texts, but the query is a vector
--!   help: give SEARCH (TEXT => ..., VECTOR => ...), or leave the stage out

SELECT id FROM t SEARCH (TEXT => 'jaguar engine', VECTOR => [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1;
--> 2

-- A label inserted later is scored by the words of its title.
INSERT INTO t (id, title) VALUES (11, 'poem concert');
--= 1 changed

SELECT id FROM t SEARCH 'poem concert' VIA PIPELINE p LIMIT 1;
--> 11

UPDATE t SET title = 'coin album' WHERE id = 11;
--= 1 changed

SELECT id FROM t SEARCH 'coin album' VIA PIPELINE p LIMIT 1;
--> 11

DELETE FROM t WHERE id = 11;
--= 1 changed

SELECT id FROM t SEARCH 'coin album' VIA PIPELINE p LIMIT 1;
--> 4

-- With characters and the embedding, among candidates of a classifier.
CREATE CLASSIFIER dense ON t;

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs)
WITH (min_df = 1, ngrams = 1, char_ngrams = [3, 4], embedding = true, shortlist = 'dense', hard_negatives = 5, sublinear = false);
--# 40 points, 42 pairs
--# 644 terms, 1280 weights in # s

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE p | 40 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 40 points

-- It has nothing that an index could order, and is no matrix.
CREATE INDEX j ON t USING flat (w);
--! error[V0001]: classifier w is sparse: no index can order its rows
--!   help: shortlist by a vector column and rank the candidates with THEN RERANK

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (char_ngrams = [3]);
--! error[V0001]: char_ngrams takes two numbers
--!   help: give the fewest and the most characters, as [3, 5]

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (char_ngrams = [5, 3]);
--! error[V0001]: n-grams of 5 to 3 characters; give a range within 2 to 16
--!   help: change the options of the vocabulary

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (shortlist = 'missing');
--! error[V0001]: classifier missing does not exist
--!   help: SHOW CLASSIFIERS lists them

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (shortlist = 'w');
--! error[V0001]: classifier w has no rows over embeddings of table t
--!   help: name a classifier of this table that is not sparse, or a vector column

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1000);
--! error[V0001]: no term occurs in min_df = 1000 of the 50 texts
--!   help: lower min_df, or give more training texts

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (lr = 0.1);
--! error[V0001]: TRAIN CLASSIFIER of a sparse classifier has no option lr
--!   help: it takes seed, ngrams, char_ngrams, min_df, max_terms, sublinear, embedding, cost, positive, own_text, epochs, threshold, negatives, shortlist, hard_negatives, reciprocal

COPY CLASSIFIER w FROM '${tmp}/w.npy';
--! error[V0001]: classifier w is sparse: its rows are no matrix
--!   help: TRAIN CLASSIFIER w instead

DROP CLASSIFIER w;
--! error[V0001]: classifier w is used by pipeline p
--!   help: drop pipeline p first

DROP PIPELINE p;

DROP CLASSIFIER w;

SHOW CLASSIFIERS;
--> dense | t | 64 | f32 | cosine | false
