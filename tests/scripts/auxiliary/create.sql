-- An auxiliary shares a vector among the labels of a cluster; until it is loaded the vectors are zero and change nothing.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(dexa))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car'), (4, 'slow train');
--= 4 changed

SELECT id, round(score, 3) FROM t SEARCH 'fruit' LIMIT 2;
--> 2 | 0.712
--> 1 | 0.651

CREATE AUXILIARY dexa ON t WITH (clusters = 2);

SELECT id, round(score, 3) FROM t SEARCH 'fruit' LIMIT 2;
--> 2 | 0.712
--> 1 | 0.651

SHOW AUXILIARIES;
--> dexa | t | 2 | false

DESCRIBE dexa;
--> name | dexa
--> table | t
--> clusters | 2
--> trained | false

INSERT INTO t (id, title) VALUES (5, 'ripe cherries');
--= 1 changed

SELECT id FROM t SEARCH 'ripe cherries' LIMIT 1;
--> 5
