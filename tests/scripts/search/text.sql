-- A text is encoded by the model that made the column, so that it finds what means the same.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'running shoes for men'), (2, 'history of the roman empire'),
  (3, 'chocolate cake recipe'), (4, 'electric guitar lessons'), (5, 'football world cup');
--= 5 changed

SELECT id, title FROM t SEARCH 'ancient rome' LIMIT 1;
--> 2 | history of the roman empire

SELECT id, title FROM t SEARCH 'sneakers' LIMIT 1;
--> 1 | running shoes for men

SELECT id, title FROM t SEARCH 'baking a dessert' LIMIT 1;
--> 3 | chocolate cake recipe

SELECT id, title FROM t SEARCH (TEXT => 'soccer tournament') LIMIT 1;
--> 5 | football world cup

SELECT id, title FROM t SEARCH 'music' WHERE id > 2 LIMIT 1;
--> 4 | electric guitar lessons

-- A label's own text scores 1, but for rounding.
SELECT id, round(score, 3) FROM t SEARCH 'chocolate cake recipe' LIMIT 1;
--> 3 | 1.0

-- The text may be an expression.
SELECT id, round(score, 3) FROM t SEARCH 'football ' || 'world cup' LIMIT 1;
--> 5 | 1.0

SELECT id FROM t SEARCH NULL;
--! error[V0001]: the query's text is NULL
--!   help: give SEARCH a text, or (VECTOR => a list of numbers)

SELECT id FROM t SEARCH 5;
--! error[Q0301]: SEARCH takes a TEXT or a VECTOR, not BIGINT
--!   1 | SELECT id FROM t SEARCH 5
--!     |                         ^ help: write SEARCH 'text', SEARCH [0.1, ...] or SEARCH (VECTOR => $1)
