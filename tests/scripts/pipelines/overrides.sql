-- Options of stages may be overridden where the pipeline is named.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 1) AS near THEN RERANK(c);

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 1;
--> 1

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (near.limit => 3, rerank.limit => 2);
--> 1
--> 2
--# LIMIT 2 by default

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p LIMIT 2;
--! error[Q0311]: 2 rows are asked for, but stage `rerank` keeps 1
--!   1 | ...OM t SEARCH [1, 0] VIA PIPELINE p LIMIT 2
--!     |                                            ^ help: raise it: VIA PIPELINE p (rerank.limit => 2), or lower the LIMIT

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (nearr.limit => 3);
--! error[Q0210]: pipeline `p` has no stage `nearr`
--!   1 | ...id FROM t SEARCH [1, 0] VIA PIPELINE p (nearr.limit => 3)
--!     |                                            ^^^^^ help: did you mean `near`?

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (near.beam => 3);
--! error[Q0211]: SHORTLIST has no option `beam`
--!   1 | ...OM t SEARCH [1, 0] VIA PIPELINE p (near.beam => 3)
--!     |                                            ^^^^ help: known: `limit`, `effort`

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p (rerank.limit => 2);
--! error[Q0311]: pipeline `p`: near limit 1 is smaller than rerank limit 2
--!   1 | ...CT id FROM t SEARCH [1, 0] VIA PIPELINE p (rerank.limit => 2)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^ help: raise it to >= 2, or lower the rerank limit
