-- COPY CLASSIFIER puts other rows in the place of trained ones: nothing of the training is left, so that labels inserted
-- afterwards begin as their embedding again.

--@ file rows.npy
--| 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
--| 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'fruit'), (2, 'vehicles');
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

TRAIN CLASSIFIER c FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('red apple', [1]), ('fast car', [2]))
WITH (epochs = 5, adapter = true);
--# 2 points, 2 pairs
--# 5 epochs in # s, loss 0.10 to 2.27
--# logits began as 24.82 * similarity -9.48
--# new labels get 24.82 * z -9.48

-- A logit of a label that came later is far from its similarity, which is 1.
INSERT INTO t (id, title) VALUES (3, 'mountain peaks');
--= 1 changed

SELECT id, abs(rerank.score - near.score) > 0.5 FROM t SEARCH 'mountain peaks'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 3) AS near THEN RERANK(c) WHERE id = 3;
--> 3 | true
--# LIMIT 3 by default

DELETE FROM t WHERE id = 3;
--= 1 changed

COPY CLASSIFIER c FROM '${tmp}/rows.npy';
--= 2 changed

DESCRIBE c;
--> name | c
--> table | t
--> dimension | 64
--> format | f32
--> link | sigmoid
--> bias | true

INSERT INTO t (id, title) VALUES (3, 'mountain peaks');
--= 1 changed

SELECT id, abs(rerank.score - near.score) < 1e-6 FROM t SEARCH 'mountain peaks'
VIA ENCODE(m) THEN SHORTLIST(i, limit => 3) AS near THEN RERANK(c) WHERE id = 3;
--> 3 | true
--# LIMIT 3 by default
