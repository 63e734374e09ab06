-- Several systems side by side, one of them with other options; a bootstrap tells their difference.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'apple'), (2, 'pear'), (3, 'car'), (4, 'train'), (5, 'sea');
--= 5 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE by_key ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 5) SCORE BY 1;

-- Every label's own title finds it, so that EXACT is right on all points; the constant ranking is right on one of two.
EVALUATE EXACT ON t, PIPELINE by_key, PIPELINE by_key (shortlist.limit => 1)
FROM (SELECT title AS text, [id] AS labels FROM t WHERE id < 3)
METRICS (P@1, P@2) WITH (bootstrap = 100, seed = 7);
--> EXACT ON t | 2 | 100.0 | 50.0
--> PIPELINE by_key | 2 | 50.0 | 50.0
--> PIPELINE by_key (shortlist.limit => 1) | 2 | 100.0 | 50.0
--# EXACT ON t: # queries/s in blocks, 2 points
--# PIPELINE by_key: # queries/s in blocks, 2 points
--# PIPELINE by_key (shortlist.limit => 1): # queries/s in blocks, 2 points
--# P@1 EXACT ON t: 100.00 [100.00, 100.00] (95 %, 100 rounds)
--# P@2 EXACT ON t: 50.00 [50.00, 50.00] (95 %, 100 rounds)
--# P@1 PIPELINE by_key: 50.00 [0.00, 100.00] (95 %, 100 rounds)
--# P@2 PIPELINE by_key: 50.00 [50.00, 50.00] (95 %, 100 rounds)
--# P@1 PIPELINE by_key (shortlist.limit => 1): 100.00 [100.00, 100.00] (95 %, 100 rounds)
--# P@2 PIPELINE by_key (shortlist.limit => 1): 50.00 [50.00, 50.00] (95 %, 100 rounds)
--# P@1 PIPELINE by_key - EXACT ON t: -50.00 [-100.00, +0.00] (95 %, 100 rounds)
--# P@2 PIPELINE by_key - EXACT ON t: +0.00 [+0.00, +0.00] (95 %, 100 rounds)
--# P@1 PIPELINE by_key (shortlist.limit => 1) - EXACT ON t: +0.00 [+0.00, +0.00] (95 %, 100 rounds)
--# P@2 PIPELINE by_key (shortlist.limit => 1) - EXACT ON t: +0.00 [+0.00, +0.00] (95 %, 100 rounds)
