-- A generated column follows its text; it cannot be written.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'a red shoe'), (2, 'the stock market');

INSERT INTO t VALUES (3, 'a cat');

SELECT id, round(inner_product(z, z), 4) FROM t;

UPDATE t SET title = 'a red shoe' WHERE id = 3;

-- Equal texts have equal vectors, so that the tie goes to the smaller key.
SELECT id, round(score, 3) FROM t SEARCH 'a red shoe' LIMIT 2;

INSERT INTO t (id, z) VALUES (4, [1]);

UPDATE t SET z = [1];

INSERT INTO t (id, title) VALUES (4, NULL);

SELECT id, title FROM t;
