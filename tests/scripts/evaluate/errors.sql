-- What EVALUATE refuses.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple');

EVALUATE EXACT ON t FROM (SELECT 'a' AS query, [1] AS labels) METRICS (P@1);

EVALUATE EXACT ON t FROM (SELECT 1 AS text, [1] AS labels) METRICS (P@1);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (Q@1);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@0);

EVALUATE PIPELINE p FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);

EVALUATE EXACT ON u FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);

EVALUATE EXACT ON t FROM (SELECT NULL AS text, [1] AS labels) METRICS (P@1);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1) WITH (digit = 3);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text) METRICS (ANN_RECALL@1);

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels WHERE FALSE) METRICS (P@1, R@1);
