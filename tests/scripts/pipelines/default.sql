-- The default pipeline of a table serves SEARCH without VIA; EXACT still goes past it.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [5, 0]), (2, [0.6, 0.8]), (3, [1, 0]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3) THEN RERANK(c);

SELECT id, score FROM t SEARCH [1, 0];
--> 1 | 5.0
--> 3 | 1.0
--> 2 | 0.6
--# LIMIT 10 by default

ALTER TABLE t SET DEFAULT PIPELINE p;

SELECT id, score, shortlist.score FROM t SEARCH [1, 0] LIMIT 3;
--> 1 | 1.0 | 5.0
--> 3 | 1.0 | 1.0
--> 2 | 0.6 | 0.6

SELECT id, score FROM t SEARCH [1, 0] VIA EXACT;
--> 1 | 5.0
--> 3 | 1.0
--> 2 | 0.6
--# LIMIT 10 by default

SHOW TABLES;
--> t | 3 | 2 | id | p

DROP PIPELINE p;
--! error[V0001]: pipeline p is used by table t
--!   help: ALTER TABLE t RESET DEFAULT PIPELINE first

ALTER TABLE t RESET DEFAULT PIPELINE;

SELECT id, score FROM t SEARCH [1, 0];
--> 1 | 5.0
--> 3 | 1.0
--> 2 | 0.6
--# LIMIT 10 by default

DROP PIPELINE p;

ALTER TABLE t SET DEFAULT PIPELINE p;
--! error[Q0206]: unknown pipeline `p`
--!   1 | ALTER TABLE t SET DEFAULT PIPELINE p
--!     |                                    ^ help: there is none yet: CREATE PIPELINE makes one
