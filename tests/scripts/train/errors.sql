-- Trainings that cannot begin say why, and change nothing.

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

TRAIN CLASSIFIER missing FROM (SELECT text, labels FROM pairs);

TRAIN PIPELINE p FROM (SELECT text, labels FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT text FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT labels FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT row AS text, labels FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT text, text AS labels FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT text, labels, text AS weight FROM pairs);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epoch = 3);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (colour = 'red');

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 0);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 'many');

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (lr = -1);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (dropout = 1);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (negatives = 'some');

-- A cosine has no logits, so it has neither their losses nor an adapter.
TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (loss = 'bce');

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (adapter = true);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (doubling = 'often');

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (seed = -1);

TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs WHERE row > 100);

TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, [77, 78] AS labels);

TRAIN CLASSIFIER c FROM (SELECT 'a' AS text, NULL AS labels);

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1]), (NULL, [2]));

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM VALUES ('a', [1], 1), ('b', [2], -1));

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight FROM VALUES ('a', [1], 1), ('b', [2], NULL));

-- A text without a word gives no vector.
TRAIN CLASSIFIER c FROM (SELECT '' AS text, [1] AS labels);

-- Rows without known labels are counted and left out; a label alone and NULL are fine; weights count.
TRAIN CLASSIFIER c
FROM (SELECT column1 AS text, column2 AS labels, column3 AS weight
      FROM VALUES ('apple', [1, 77], 1), ('car', [2], 0.5), ('sea', [78], 1), ('rain', NULL, 1), ('song', [4, 4], 2))
WITH (epochs = 2);

TRAIN CLASSIFIER c FROM (SELECT title AS text, id AS labels FROM t) WITH (epochs = 2);

-- An empty table.
CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

CREATE CLASSIFIER d ON u;

TRAIN CLASSIFIER d FROM (SELECT 'a' AS text, [1] AS labels);

-- Vectors that no model made cannot be learned for: the texts of pairs have to be encoded.
CREATE TABLE v (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO v VALUES (1, [1, 0]), (2, [0, 1]);

CREATE CLASSIFIER g ON v;

TRAIN CLASSIFIER g FROM (SELECT 'a' AS text, [1] AS labels);

TRAIN CLASSIFIER c FROM (SELECT $1 AS text, [1] AS labels);

-- What failed is remembered with its reason, and jobs that ended can be waited for.
--@ only as-written: jobs live as long as the database is open
SELECT 1;

WAIT FOR JOB 1000;

CANCEL JOB 1000;

--@ only as-written: jobs live as long as the database is open
CANCEL JOB 1;

--@ only as-written: jobs live as long as the database is open
WAIT FOR JOB 1;

-- Nothing to resume is no error; and training a large step says that it diverged or changes nothing that is not finite.
TRAIN CLASSIFIER c FROM (SELECT text, labels FROM pairs) WITH (epochs = 2, resume = true, checkpoint_seconds = 0);

SELECT id FROM t SEARCH 'fruit' VIA ENCODE(m) THEN SHORTLIST(i, limit => 10) THEN RERANK(c) LIMIT 1;
