-- A generated column follows its text; it cannot be written.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'a red shoe'), (2, 'the stock market');
--= 2 changed

INSERT INTO t VALUES (3, 'a cat');
--= 1 changed

SELECT id, round(inner_product(z, z), 4) FROM t;
--> 1 | 1.0
--> 2 | 1.0
--> 3 | 1.0

UPDATE t SET title = 'a red shoe' WHERE id = 3;
--= 1 changed

-- Equal texts have equal vectors, so that the tie goes to the smaller key.
SELECT id, round(score, 3) FROM t SEARCH 'a red shoe' LIMIT 2;
--> 1 | 1.0
--> 3 | 1.0

INSERT INTO t (id, z) VALUES (4, [1]);
--! error[Q0315]: column `z` is computed as normalize(encode(m, title))
--!   1 | INSERT INTO t (id, z) VALUES (4, [1])
--!     |                    ^ help: leave it out; it follows the columns it is computed from

UPDATE t SET z = [1];
--! error[Q0315]: column `z` is computed as normalize(encode(m, title))
--!   1 | UPDATE t SET z = [1]
--!     |              ^ help: leave it out; it follows the columns it is computed from

INSERT INTO t (id, title) VALUES (4, NULL);
--! error[Q0317]: column `title` is NOT NULL
--!   1 | INSERT INTO t (id, title) VALUES (4, NULL)
--!     |                                      ^^^^ help: give it a value

SELECT id, title FROM t;
--> 1 | a red shoe
--> 2 | the stock market
--> 3 | a red shoe
