-- Labels by TEXT keys, and a single key in the place of a list.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (name TEXT PRIMARY KEY, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, name))) STORED);

INSERT INTO t (name) VALUES ('apple'), ('pear'), ('car');

EVALUATE EXACT ON t
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('automobile', ['car']), ('apple', ['apple', 'pear']))
METRICS (P@1, R@2);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);
