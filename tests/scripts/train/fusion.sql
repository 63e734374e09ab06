-- Training fusions: a learned formula of the scores of stages and of label frequencies.

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

CREATE CLASSIFIER c ON t;

CREATE CLASSIFIER w ON t WITH (features = 'tfidf');

CREATE PIPELINE both ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words THEN RERANK(c) AS dense;

CREATE FUSION tree ON t USING tree (near.score, words.score, dense.score, inverse_propensity);

CREATE FUSION boosted ON t USING boosted (near.score, words.score);

CREATE FUSION linear ON t USING linear (words.score, near.rank);

-- The stages are asked with the training texts, so that they must have learned before.
TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both');
--! error[V0001]: classifier w has learned nothing yet
--!   help: TRAIN CLASSIFIER w first

TRAIN CLASSIFIER w FROM (SELECT text, labels FROM pairs) WITH (min_df = 1, hard_negatives = 9);
--# 30 points, 32 pairs
--# 105 terms, 796 weights in # s

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 5, batch = 10);
--# 30 points, 32 pairs
--# 5 epochs in # s, loss 0.00 to 0.00

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', depth = 3);
--# 30 points, 32 pairs
--# 300 candidates, 32 of them positive

TRAIN FUSION boosted FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', rounds = 20, depth = 2);
--# 30 points, 32 pairs
--# 300 candidates, 32 of them positive

TRAIN FUSION linear FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', max_points = 20, max_examples = 100);
--# 30 points, 32 pairs
--# 114 candidates, 21 of them positive

SHOW FUSIONS;
--> boosted | t | boosted | near.score, words.score | true
--> linear | t | linear | words.score, near.rank | true
--> tree | t | tree | near.score, words.score, dense.score, inverse_propensity | true

DESCRIBE boosted;
--> name | boosted
--> table | t
--> method | boosted
--> features | near.score, words.score
--> trained | true
--> depth | 2
--> max_examples | 4000000
--> max_points | 75000
--> pipeline | both
--> reciprocal | exclude
--> rounds | 20
--> seed | 1
--> trained_pairs | 32
--> trained_points | 30
--> trained_seconds | #

CREATE PIPELINE fused ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words THEN RERANK(c) AS dense
SCORE BY boosted(near.score, words.score);

CREATE PIPELINE cut ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words THEN RERANK(c) AS dense
SCORE BY tree(near.score, words.score, dense.score, inverse_propensity);

EVALUATE EXACT ON t, PIPELINE both, PIPELINE fused, PIPELINE cut FROM (SELECT text, labels FROM pairs) METRICS (P@1, R@3);
--> EXACT ON t | 30 | 90.0 | 100.0
--> PIPELINE both | 30 | 90.0 | 100.0
--> PIPELINE fused | 30 | 100.0 | 100.0
--> PIPELINE cut | 30 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 30 points
--# PIPELINE both: # queries/s in blocks, 30 points
--# PIPELINE fused: # queries/s in blocks, 30 points
--# PIPELINE cut: # queries/s in blocks, 30 points

SELECT id, score > 0.5 FROM t SEARCH 'jaguar engine' VIA PIPELINE fused LIMIT 2;
--> 2 | true
--> 1 | false

SELECT id, score > 0.5 FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near THEN RERANK(w) AS words SCORE BY linear(words.score, near.rank) LIMIT 2;
--> 2 | true
--> 5 | false

EXPLAIN SELECT id FROM t SEARCH 'jaguar engine' VIA PIPELINE fused LIMIT 2;
--> project  id
--> `- limit 2 offset 0
-->    `- search t  k=2  pipeline fused
-->       +- encode m
-->       +- shortlist i as near  flat, limit 10
-->       +- rerank w as words  limit all
-->       +- rerank c as dense  limit all
-->       `- rank  score desc, primary key, SCORE BY

-- Frequencies of the training make inverse propensities: they are those that EVALUATE uses too.
SELECT id FROM t SEARCH 'jaguar engine'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) SCORE BY shortlist.score * inverse_propensity LIMIT 2;
--> 2
--> 5

EVALUATE PIPELINE fused FROM (SELECT text, labels FROM pairs) METRICS (PSP@1, P@1);
--> PIPELINE fused | 30 | 100.0 | 100.0
--# propensities: A = 0.55, B = 1.5, N = 30 training points
--# PIPELINE fused: # queries/s in blocks, 30 points

EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (PSP@1, PSNDCG@3);
--> EXACT ON t | 30 | 90.09 | 96.34
--# propensities: A = 0.55, B = 1.5, N = 30 training points
--# EXACT ON t: # queries/s in blocks, 30 points

EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (PSP@1, PSNDCG@3)
WITH (propensity = (SELECT labels FROM pairs));
--> EXACT ON t | 30 | 90.09 | 96.34
--# propensities: A = 0.55, B = 1.5, N = 30 training points
--# EXACT ON t: # queries/s in blocks, 30 points

EVALUATE EXACT ON t FROM (SELECT text, labels FROM pairs) METRICS (P@1) BY label_decile;
--> EXACT ON t | 1 | 30 | 10.0
--> EXACT ON t | 2 | 30 | 10.0
--> EXACT ON t | 3 | 30 | 10.0
--> EXACT ON t | 4 | 30 | 10.0
--> EXACT ON t | 5 | 30 | 6.67
--> EXACT ON t | 6 | 30 | 6.67
--> EXACT ON t | 7 | 30 | 10.0
--> EXACT ON t | 8 | 30 | 10.0
--> EXACT ON t | 9 | 30 | 6.67
--> EXACT ON t | 10 | 30 | 10.0
--# propensities: A = 0.55, B = 1.5, N = 30 training points
--# EXACT ON t: # queries/s in blocks, 30 points

-- What does not fit.
TRAIN FUSION tree FROM (SELECT text, labels FROM pairs);
--! error[V0001]: table t has no default pipeline
--!   help: say whose stage scores are fused: WITH (pipeline = 'name')

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'missing');
--! error[Q0206]: unknown pipeline `missing`
--!   1 | ... FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'missing')
--!     |                                            ^^^^^^^^^ help: known: `both`, `cut`, `fused`

CREATE PIPELINE short ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 10) AS near;

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'short');
--! error[V0001]: the pipeline has no stage for feature words.score of fusion tree
--!   help: its stages are encode, near: name them so with AS

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', depth = 100);
--! error[V0001]: option depth of TRAIN FUSION cannot be 100
--!   help: it takes a whole number from 1 to 20

TRAIN FUSION tree FROM (SELECT text, labels FROM pairs) WITH (pipeline = 'both', round = 3);
--! error[V0001]: TRAIN FUSION has no option round
--!   help: did you mean rounds?

-- Labels that the pipeline never brings leave nothing that is right.
CREATE PIPELINE one ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 1) AS near THEN RERANK(w) AS words;

TRAIN FUSION boosted FROM (SELECT 'horse race' AS text, [9] AS labels) WITH (pipeline = 'one');
--! error[I0002]: fusion cannot be learned from 1 rows without positives
