-- What a pipeline names cannot be dropped before the pipeline.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3) THEN RERANK(c);

DROP INDEX i;
--! error[V0001]: index i is used by pipeline p
--!   help: drop pipeline p first

DROP CLASSIFIER c;
--! error[V0001]: classifier c is used by pipeline p
--!   help: drop pipeline p first

SELECT id FROM t SEARCH [1, 0] VIA PIPELINE p;
--> 1
--# LIMIT 3 by default

DROP PIPELINE p;

DROP CLASSIFIER c;

DROP INDEX i;

SELECT id FROM t SEARCH [1, 0];
--> 1
--# LIMIT 10 by default
