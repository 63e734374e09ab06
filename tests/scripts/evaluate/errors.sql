-- What EVALUATE refuses.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple');
--= 1 changed

EVALUATE EXACT ON t FROM (SELECT 'a' AS query, [1] AS labels) METRICS (P@1);
--! error[Q0207]: the source has no column `text`
--!   1 | EVALUATE EXACT ON t FROM (SELECT 'a' AS query, [1] AS labels) METRICS (P@1)
--!     |                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: select the query texts AS text

EVALUATE EXACT ON t FROM (SELECT 1 AS text, [1] AS labels) METRICS (P@1);
--! error[Q0301]: column `text` must be TEXT, not BIGINT
--!   1 | EVALUATE EXACT ON t FROM (SELECT 1 AS text, [1] AS labels) METRICS (P@1)
--!     |                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add CAST(... AS TEXT) AS text to the source

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (Q@1);
--! error[Q0116]: unknown metric `Q`
--!   1 | ...CT 'a' AS text, [1] AS labels) METRICS (Q@1)
--!     |                                            ^ help: the metrics are P@k, R@k, NDCG@k, PSP@k, PSNDCG@k, MRR@k, COVERAGE@k, ANN_RECALL@k, ENCODE_COSINE

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P);
--! error[Q0116]: metric `P` without its cut
--!   1 | ...CT 'a' AS text, [1] AS labels) METRICS (P)
--!     |                                            ^ help: write P@5

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@0);
--! error[Q0116]: cut 0 of the metric is not between 1 and 100000
--!   1 | ... 'a' AS text, [1] AS labels) METRICS (P@0)
--!     |                                            ^

EVALUATE PIPELINE p FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);
--! error[Q0206]: unknown pipeline `p`
--!   1 | EVALUATE PIPELINE p FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1)
--!     |                   ^ help: there is none yet: CREATE PIPELINE makes one

EVALUATE EXACT ON u FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1);
--! error[Q0201]: unknown table `u`
--!   1 | EVALUATE EXACT ON u FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1)
--!     |                   ^ help: known: `t`

EVALUATE EXACT ON t FROM (SELECT NULL AS text, [1] AS labels) METRICS (P@1);
--! error[V0001]: a point of the source: the query's text is NULL
--!   help: leave such rows out with WHERE

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels) METRICS (P@1) WITH (digit = 3);
--! error[V0001]: EVALUATE has no option digit
--!   help: did you mean digits?

-- ANN_RECALL compares with the exact ranking without AGAINST EXACT, too.
EVALUATE EXACT ON t FROM (SELECT 'a' AS text) METRICS (ANN_RECALL@1);
--> EXACT ON t | 1 | 100.0
--# EXACT ON t: # queries/s in blocks, 1 points

EVALUATE EXACT ON t FROM (SELECT 'a' AS text, [1] AS labels WHERE FALSE) METRICS (P@1, R@1);
--> EXACT ON t | 0 | NULL | NULL
--# EXACT ON t: # queries/s in blocks, 0 points
