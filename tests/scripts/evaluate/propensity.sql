-- PSP and PSNDCG: q = 1 + C * (N_l + B)^-A with C = (ln N - 1) * (B + 1)^A, ratios of sums over all points.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

-- Four training points; label 1 occurs three times, label 2 once, label 3 never.
SELECT 1 + (ln(4) - 1) * power(2.5, 0.55) * power(3 + 1.5, -0.55) AS q1,
       1 + (ln(4) - 1) * power(2.5, 0.55) * power(1 + 1.5, -0.55) AS q2,
       1 + (ln(4) - 1) * power(2.5, 0.55) * power(0 + 1.5, -0.55) AS q3;
--> 1.27959 | 1.38629 | 1.51161

-- Truths {1, 3} and {3}. PSP@1 = q1 / (q3 + q3); PSP@3 = (q1 + q3 + q3) / (q1 + q3 + q3) = 1.
EVALUATE PIPELINE by_key
FROM (SELECT column1 AS text, column2 AS labels FROM VALUES ('a', [1, 3]), ('b', [3]))
METRICS (PSP@1, PSP@3, PSNDCG@1)
WITH (digits = 4, propensity = (SELECT column1 FROM VALUES ([1]), ([1, 2]), ([1]), ([4])));
--> PIPELINE by_key | 2 | 42.3255 | 100.0 | 42.3255
--# propensities: A = 0.55, B = 1.5, N = 4 training points
--# PIPELINE by_key: # queries/s in blocks, 2 points

-- The constants of the sets of the Amazon family.
EVALUATE PIPELINE by_key
FROM (SELECT 'a' AS text, [1, 3] AS labels)
METRICS (PSP@1)
WITH (digits = 4, a = 0.6, b = 2.6, propensity = (SELECT column1 FROM VALUES ([1]), ([1, 2]), ([1]), ([4])));
--> PIPELINE by_key | 1 | 88.211
--# propensities: A = 0.6, B = 2.6, N = 4 training points
--# PIPELINE by_key: # queries/s in blocks, 1 points

EVALUATE PIPELINE by_key FROM (SELECT 'a' AS text, [1, 3] AS labels) METRICS (PSP@1);
--! error[V0001]: PSP and PSNDCG need training frequencies: add WITH (propensity = (SELECT labels FROM ...))
--!   help: PSP needs WITH (propensity = (SELECT labels FROM read_xc('trn.json.gz'))), or a TRAIN
