-- A sparse classifier: words of the query, for labels that the embedding confuses.

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

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(w);

-- It has neither terms nor rows before it is trained.
SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--! error[X0003]: internal error: vocabulary of w: n-grams of 0 words; give 1 to 4

SHOW CLASSIFIERS;
--> w | t | 64 | f32 | cosine | false

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1, negatives = 100, hard_negatives = 9);
--# 30 points, 32 pairs
--# 105 terms, 838 weights in # s

EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 90.0 | 100.0
--> PIPELINE p | 30 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points
--# PIPELINE p: # queries/s in blocks, 30 points

SELECT id, score > 0 FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 2;
--> 2 | true
--> 10 | false

SELECT id, score > 0 FROM t SEARCH 'jaguar in the forest' VIA PIPELINE p LIMIT 2;
--> 5 | true
--> 6 | false

DESCRIBE w;
--> name | w
--> table | t
--> dimension | 64
--> format | f32
--> link | cosine
--> bias | false
--> char_ngrams | []
--> cost | 3
--> embedding | false
--> epochs | 100
--> hard_negatives | 9
--> losses | 
--> max_terms | 2000000
--> min_df | 1
--> negatives | 100
--> ngrams | 2
--> own_text | 3
--> positive | 2
--> seed | 1
--> sublinear | true
--> threshold | 0.10000000149011612
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #
--> trained_steps | 0

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
--> project  id
--> `- limit 1 offset 0
-->    `- search t  k=1  pipeline p
-->       +- encode m
-->       +- shortlist i  flat, limit 10
-->       +- rerank w  limit all
-->       `- rank  score desc, primary key

EXPLAIN ANALYZE SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE p LIMIT 1;
-->                       rows  time  notes
--> project  1  # ms  id
--> `- limit 1 offset 0  1  # ms
-->    `- search t  k=1  1  # ms  pipeline p
-->       +- encode m  1  # ms  device=cpu, 4 tokens
-->       +- shortlist i  10  # ms  flat, limit 10, 10 labels scored
-->       +- rerank w  10  # ms  limit all, 105 terms, sparse, 10 rows read
-->       `- rank  1  # ms  score desc, primary key
--> total # ms (plan # ms)

-- A vector has no words; text and vector together do.
SELECT id FROM t SEARCH $1 VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1;
--! error[Q0309]: a text cannot start at SHORTLIST: nothing turns it into a vector
--!   1 | SELECT id FROM t SEARCH $1 VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1
--!     |                                ^^^^^^^^^^^^^^^^^^^^^^^^^ help: start with ENCODE(m) THEN ..., or give SEARCH (VECTOR => ...)

SELECT r.id FROM (SELECT z AS v FROM t WHERE id = 1) AS q
CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.v VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1) AS r;
--! error[Q0112]: a join is not part of this version of the language
--!   2 | CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.v VIA SHORTLIST(i, limit => 10) THEN RERANK(w) LIMIT 1...
--!     | ^^^^^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

-- A label inserted later is scored by the words of its title.
INSERT INTO t (id, title) VALUES (11, 'harbour pilots');
--= 1 changed

SELECT id, rerank.score > 0 FROM t SEARCH 'harbour pilots' VIA PIPELINE p LIMIT 1;
--> 7 | true

UPDATE t SET title = 'forest rangers' WHERE id = 11;
--= 1 changed

SELECT id FROM t SEARCH 'forest rangers' VIA PIPELINE p LIMIT 1;
--> 5

DELETE FROM t WHERE id = 11;
--= 1 changed

SELECT id FROM t SEARCH 'forest rangers' VIA PIPELINE p LIMIT 1;
--> 5

-- With characters and the embedding, among candidates of a classifier.
CREATE CLASSIFIER dense ON t;

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs)
WITH (min_df = 1, ngrams = 1, char_ngrams = [3, 4], embedding = true, shortlist = 'dense', hard_negatives = 5, sublinear = false);
--# 30 points, 32 pairs
--# 644 terms, 1412 weights in # s

EVALUATE PIPELINE p FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> PIPELINE p | 30 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 30 points

-- It has nothing that a flat index could order, and a classifier cannot be turned back.
CREATE INDEX j ON t USING flat (w);
--! error[I0001]: the row of slot 0: 1200 bytes are no row; 256 belong to the dimension and format

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
--# 30 points, 32 pairs
--# 0 terms, 0 weights in # s

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (lr = 0.1);
--! error[V0001]: TRAIN CLASSIFIER of a sparse classifier has no option lr
--!   help: it takes seed, resume, checkpoint_seconds, ngrams, char_ngrams, min_df, max_terms, sublinear, embedding, cost, positive, own_text, epochs, threshold, negatives, shortlist, hard_negatives

COPY CLASSIFIER w TO '${tmp}/w.npy';
--! error[Q0112]: the export of a classifier or auxiliary is not part of this version of the language
--!   help: export its table with COPY t TO

DROP CLASSIFIER w;
--! error[V0001]: classifier w is used by pipeline p
--!   help: drop pipeline p first

DROP PIPELINE p;

DROP CLASSIFIER w;

SHOW CLASSIFIERS;
--> dense | t | 64 | f32 | cosine | false
