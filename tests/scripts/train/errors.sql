-- Trainings that cannot begin say why, and change nothing.

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

TRAIN CLASSIFIER missing FROM (SELECT text, labels FROM pairs);
--! error[Q0205]: unknown classifier `missing`
--!   1 | TRAIN CLASSIFIER missing FROM (SELECT text, labels FROM pairs)
--!     |                  ^^^^^^^ help: known: `c`

TRAIN PIPELINE p FROM (SELECT text, labels FROM pairs);
--! error[Q0106]: expected CLASSIFIER, INDEX, AUXILIARY or FUSION, found `PIPELINE`
--!   1 | TRAIN PIPELINE p FROM (SELECT text, labels FROM pairs)
--!     |       ^^^^^^^^

TRAIN CLASSIFIER c FROM (SELECT text FROM pairs);
--! error[Q0207]: the source has no column `labels`
--!   1 | TRAIN CLASSIFIER c FROM (SELECT text FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^ help: select the lists of the correct labels' primary keys AS labels

TRAIN CLASSIFIER c FROM (SELECT labels FROM pairs);
--! error[Q0207]: the source has no column `text`
--!   1 | TRAIN CLASSIFIER c FROM (SELECT labels FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^ help: select the texts of the training points AS text

TRAIN CLASSIFIER c FROM (SELECT row AS text, labels FROM pairs);
--! error[Q0301]: column `text` must be TEXT, not BIGINT
--!   1 | TRAIN CLASSIFIER c FROM (SELECT row AS text, labels FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS TEXT) AS text to the source

TRAIN CLASSIFIER c FROM (SELECT text, text AS labels FROM pairs);
--! error[Q0301]: column `labels` of the source is TEXT, but the keys of table `t` make it BIGINT[]
--!   1 | TRAIN CLASSIFIER c FROM (SELECT text, text AS labels FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS BIGINT[]) AS labels to the source

TRAIN CLASSIFIER c FROM (SELECT text, labels, text AS weight FROM pairs);
--! error[Q0301]: column `weight` must be a number, not TEXT
--!   1 | TRAIN CLASSIFIER c FROM (SELECT text, labels, text AS weight FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS DOUBLE) AS weight to the source, or name the column otherwise

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epoch = 3);
--! error[V0001]: TRAIN CLASSIFIER has no option epoch
--!   help: did you mean epochs?

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (colour = 'red');
--! error[V0001]: TRAIN CLASSIFIER has no option colour
--!   help: it takes seed, resume, checkpoint_seconds, loss, margin, negatives, hard_negatives, refresh, sampled_negatives, batch_labels, epochs, lr, warmup, batch, cluster_size, doubling, dropout, weight_decay, lever, reciprocal

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 0);
--! error[V0001]: option epochs of TRAIN CLASSIFIER cannot be 0
--!   help: it takes a whole number from 1 to 100000

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 'many');
--! error[V0001]: option epochs of TRAIN CLASSIFIER cannot be many
--!   help: it takes a whole number from 1 to 100000

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (lr = -1);
--! error[V0001]: option lr of TRAIN CLASSIFIER cannot be -1
--!   help: it takes a number from 0 to 1000

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (dropout = 1);
--! error[V0001]: option dropout of TRAIN CLASSIFIER cannot be 1
--!   help: it takes a number from 0 to 0.99

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (negatives = 'some');
--! error[V0001]: option negatives of TRAIN CLASSIFIER cannot be some
--!   help: it takes one of batch, all

-- A cosine has no logits, so it has neither their losses nor an adapter.
TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (loss = 'bce');
--! error[V0001]: option loss of TRAIN CLASSIFIER cannot be bce
--!   help: it takes one of triplet

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (adapter = true);
--! error[V0001]: TRAIN CLASSIFIER has no option adapter
--!   help: it takes seed, resume, checkpoint_seconds, loss, margin, negatives, hard_negatives, refresh, sampled_negatives, batch_labels, epochs, lr, warmup, batch, cluster_size, doubling, dropout, weight_decay, lever, reciprocal

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (doubling = 'often');
--! error[V0001]: option doubling of TRAIN CLASSIFIER cannot be often
--!   help: it takes a list of whole numbers, as [10, 25]

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (seed = -1);
--! error[V0001]: option seed of TRAIN CLASSIFIER cannot be -1
--!   help: it takes a whole number from 0 to 9223372036854775807

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs WHERE row > 100);
--! error[V0001]: none of the 0 rows of the source has a label of the table
--!   help: give rows of `text` and `labels`, where labels are primary keys of the table

TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, [77, 78] AS labels);
--! error[V0001]: none of the 1 rows of the source has a label of the table
--!   help: give rows of `text` and `labels`, where labels are primary keys of the table

TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, NULL AS labels);
--! error[V0001]: none of the 1 rows of the source has a label of the table
--!   help: give rows of `text` and `labels`, where labels are primary keys of the table

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1]), (NULL, [2]));
--! error[V0001]: the text of training row 2 is NULL
--!   help: leave such rows out with WHERE

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM VALUES ('a', [1], 1), ('b', [2], -1));
--! error[V0001]: the weight of training row 2 is -1
--!   help: weights are numbers from 0 to 1000000

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM VALUES ('a', [1], 1), ('b', [2], NULL));
--! error[V0001]: the weight of training row 2 is NULL
--!   help: weights are numbers from 0 to 1000000

-- A text without a word gives no vector.
TRAIN CLASSIFIER c FROM (SELECT '' AS text, [1] AS labels);
--! error[V0001]: the model m gives `` no usable vector: a vector of zeros has no direction; give at least one number that is not zero
--!   help: leave such rows out with WHERE

-- Pairs that are neither right nor wrong: what the source excludes, and a text with its own label and back.
TRAIN CLASSIFIER c FROM (SELECT text, labels, text AS exclude FROM pairs);
--! error[Q0301]: column `exclude` of the source is TEXT, but the keys of table `t` make it BIGINT[]
--!   1 | TRAIN CLASSIFIER c FROM (SELECT text, labels, text AS exclude FROM pairs)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS BIGINT[]) AS exclude to the source

TRAIN CLASSIFIER c
FROM (SELECT column1 AS text, column2 AS labels, column3 AS exclude
      FROM VALUES ('fruit', [2], [1, 2, 77]), ('vehicles', [3], [9]), ('weather', [1], NULL), ('tea', [1], NULL))
WITH (epochs = 1);
--# 4 points, 4 pairs
--# 1 epochs in # s, loss 0.01 to 0.01
--# 6 reciprocal pairs left out

TRAIN CLASSIFIER c FROM (SELECT 'fruit' AS text, [2] AS labels) WITH (epochs = 1, reciprocal = 'negative');
--# 1 points, 1 pairs
--# 1 epochs in # s, loss 0.02 to 0.02

TRAIN CLASSIFIER c FROM (SELECT 'fruit' AS text, [2] AS labels) WITH (epochs = 1, reciprocal = 'perhaps');
--! error[V0001]: option reciprocal of TRAIN CLASSIFIER cannot be perhaps
--!   help: it takes one of exclude, negative

-- What is learned compares directions, so that vectors must be normalised.
CREATE TABLE raw (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (encode(m, title)) STORED);

INSERT INTO raw (id, title) VALUES (1, 'fruit'), (2, 'vehicles');
--= 2 changed

CREATE CLASSIFIER of_raw ON raw;

TRAIN CLASSIFIER of_raw FROM (SELECT text, labels FROM pairs);
--! error[V0001]: column `z` or the queries of model m are not normalised, and training compares directions
--!   help: declare the column as normalize(encode(model, text)), the model with normalize = true

DROP TABLE raw;

-- Rows without known labels are counted and left out; weights count.
TRAIN CLASSIFIER c
FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight
      FROM VALUES ('apple', [1, 77], 1), ('car', [2], 0.5), ('sea', [78], 1), ('rain', NULL, 1), ('song', [4, 4], 2))
WITH (epochs = 2);
--# 3 points, 3 pairs
--# 2 epochs in # s, loss 0.00 to 0.00
--# 2 rows without a label of the table left out
--# 2 labels that the table does not have left out

TRAIN CLASSIFIER c FROM (SELECT title AS text, id AS labels FROM t) WITH (epochs = 2);
--! error[Q0301]: column `labels` of the source is BIGINT, but the keys of table `t` make it BIGINT[]
--!   1 | TRAIN CLASSIFIER c FROM (SELECT title AS text, id AS labels FROM t) WITH (epochs = 2)
--!     |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS BIGINT[]) AS labels to the source

TRAIN CLASSIFIER c FROM (SELECT title AS text, [id] AS labels FROM t) WITH (epochs = 2);
--# 10 points, 10 pairs
--# 2 epochs in # s, loss 0.00 to 0.00

-- An empty table.
CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

CREATE CLASSIFIER d ON u;

TRAIN CLASSIFIER d FROM (SELECT 'a' AS text, [1] AS labels);
--! error[V0001]: table u has no labels
--!   help: insert or COPY the labels first

-- Vectors that no model made cannot be learned for: the texts of pairs have to be encoded.
CREATE TABLE v (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO v VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE CLASSIFIER g ON v;

TRAIN CLASSIFIER g FROM (SELECT 'a' AS text, [1] AS labels);
--! error[V0001]: column `z` of table v is not generated by a model
--!   help: training encodes texts: it needs a column GENERATED ALWAYS AS (encode(model, text))

TRAIN CLASSIFIER c FROM (SELECT $1 AS text, [1] AS labels);
--! error[Q0118]: parameters are not allowed in TRAIN
--!   1 | TRAIN CLASSIFIER c FROM (SELECT $1 AS text, [1] AS labels)
--!     |                                 ^^ help: write the value

-- More than memory_limit allows.
SET memory_limit = '1 apple';
--! error[V0001]: memory_limit cannot be 1 apple
--!   help: it takes a whole number from 0 to 9223372036854775807

SET memory_limit = '1kB';

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs);
--! error[V0001]: training these classifiers needs about 10 KiB, and memory_limit is 1 KiB
--!   help: raise memory_limit, or train fewer labels or a model of fewer dimensions

RESET memory_limit;

-- What failed is remembered with its reason, and jobs that ended can be waited for.
--@ only as-written: jobs live as long as the database is open
SHOW JOBS;
--> 1 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epoch = 3) | TRAIN CLASSIFIER has no option epoch
--> 2 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (colour = 'red') | TRAIN CLASSIFIER has no option colour
--> 3 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 0) | option epochs of TRAIN CLASSIFIER cannot be 0
--> 4 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 'many') | option epochs of TRAIN CLASSIFIER cannot be many
--> 5 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (lr = -1) | option lr of TRAIN CLASSIFIER cannot be -1
--> 6 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (dropout = 1) | option dropout of TRAIN CLASSIFIER cannot be 1
--> 7 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (negatives = 'some') | option negatives of TRAIN CLASSIFIER cannot be some
--> 8 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (loss = 'bce') | option loss of TRAIN CLASSIFIER cannot be bce
--> 9 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (adapter = TRUE) | TRAIN CLASSIFIER has no option adapter
--> 10 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (doubling = 'often') | option doubling of TRAIN CLASSIFIER cannot be often
--> 11 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (seed = -1) | option seed of TRAIN CLASSIFIER cannot be -1
--> 12 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs WHERE row > 100) | none of the 0 rows of the source has a label of the table
--> 13 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, [77, 78] AS labels) | none of the 1 rows of the source has a label of the table
--> 14 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, NULL AS labels) | none of the 1 rows of the source has a label of the table
--> 15 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels FROM (VALUES ('a', [1]), (NULL, [2]))) | the text of training row 2 is NULL
--> 16 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM (VALUES ('a', [1], 1), ('b', [2], -1))) | the weight of training row 2 is -1
--> 17 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM (VALUES ('a', [1], 1), ('b', [2], NULL))) | the weight of training row 2 is NULL
--> 18 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT '' AS text, [1] AS labels) | the model m gives `` no usable vector: a vector of zeros has no direction; give at least one number that is not zero
--> 19 | done | training classifiers, epoch 1 of 1, loss 0.01 | 1 | 1 | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS exclude FROM (VALUES ('fruit', [2], [1, 2, 77]), ('vehicles', [3], [9]), ('weather', [1], NULL), ('tea', [1], NULL))) WITH (epochs = 1) | 4 points, 4 pairs; 1 epochs in # s, loss 0.01 to 0.01; 6 reciprocal pairs left out
--> 20 | done | training classifiers, epoch 1 of 1, loss 0.02 | 1 | 1 | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT 'fruit' AS text, [2] AS labels) WITH (epochs = 1, reciprocal = 'negative') | 1 points, 1 pairs; 1 epochs in # s, loss 0.02 to 0.02
--> 21 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT 'fruit' AS text, [2] AS labels) WITH (epochs = 1, reciprocal = 'perhaps') | option reciprocal of TRAIN CLASSIFIER cannot be perhaps
--> 22 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER of_raw FROM (SELECT text, labels FROM pairs) | column `z` or the queries of model m are not normalised, and training compares directions
--> 23 | done | training classifiers, epoch 2 of 2, loss 0.00 | 2 | 2 | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM (VALUES ('apple', [1, 77], 1), ('car', [2], 0.5), ('sea', [78], 1), ('rain', NULL, 1), ('song', [4, 4], 2))) WITH (epochs = 2) | 3 points, 3 pairs; 2 epochs in # s, loss 0.00 to 0.00; 2 rows without a label of the table left out; 2 labels that the table does not have left out
--> 24 | done | training classifiers, epoch 2 of 2, loss 0.00 | 2 | 2 | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT title AS text, [id] AS labels FROM t) WITH (epochs = 2) | 10 points, 10 pairs; 2 epochs in # s, loss 0.00 to 0.00
--> 25 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER d FROM (SELECT 'a' AS text, [1] AS labels) | table u has no labels
--> 26 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER g FROM (SELECT 'a' AS text, [1] AS labels) | column `z` of table v is not generated by a model
--> 27 | failed | NULL | NULL | NULL | NULL | NULL | # | # | TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) | training these classifiers needs about 10 KiB, and memory_limit is 1 KiB

WAIT FOR JOB 1000;
--! error[V0001]: there is no job 1000
--!   help: SHOW JOBS lists them

CANCEL JOB 1000;
--! error[V0001]: there is no job 1000
--!   help: SHOW JOBS lists them

--@ only as-written: jobs live as long as the database is open
CANCEL JOB 1;
--! error[V0001]: job 1 has ended
--!   help: SHOW JOBS tells how

--@ only as-written: jobs live as long as the database is open
WAIT FOR JOB 1;
--! error[V0001]: job 1 failed: TRAIN CLASSIFIER has no option epoch

-- Nothing to resume is no error.
TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 2, resume = true, checkpoint_seconds = 0);
--# 30 points, 32 pairs
--# 2 epochs in # s, loss 0.01 to 0.00

SELECT id FROM t SEARCH 'fruit' VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) LIMIT 1;
--> 1
