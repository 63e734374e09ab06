-- Labels by TEXT keys.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (name TEXT PRIMARY KEY, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, name))) STORED);

INSERT INTO t (name) VALUES ('apple'), ('pear'), ('car');
--= 3 changed

EVALUATE EXACT ON t
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('automobile', ['car']), ('apple', ['apple', 'pear']))
METRICS (P@1, R@2);
--> EXACT ON t | 2 | 100.0 | 100.0
--# EXACT ON t: # queries/s in blocks, 2 points

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);
--! error[Q0301]: column `labels` of the source is BIGINT[], but the keys of table `t` make it TEXT[]
--!   1 | EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1)
--!     |                   ^ help: add CAST(... AS TEXT[]) AS labels to the source
