-- A pipeline derived from another: with overrides, or with stages of its own and the inherited SCORE BY.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE base ON t AS SHORTLIST(i, limit => 1) SCORE BY 10 * shortlist.score;

CREATE PIPELINE wide ON t INHERITS base (shortlist.limit => 3);

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 3;
--> 1 | 10.0
--> 2 | 6.0
--> 3 | 0.0

CREATE PIPELINE other ON t INHERITS base AS SHORTLIST(i, limit => 2);

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE other LIMIT 2;
--> 1 | 10.0
--> 2 | 6.0

SHOW PIPELINES;
--> base | t | SHORTLIST(i, limit => 1) SCORE BY 10 * shortlist.score
--> other | t | SHORTLIST(i, limit => 2) SCORE BY 10 * shortlist.score
--> wide | t | SHORTLIST(i, limit => 3) SCORE BY 10 * shortlist.score

-- What was derived keeps its text when the first is replaced or dropped.
CREATE OR REPLACE PIPELINE base ON t AS SHORTLIST(i, limit => 2) SCORE BY -shortlist.score;

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 1;
--> 1 | 10.0

DROP PIPELINE base;

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 1;
--> 1 | 10.0

CREATE PIPELINE lost ON t INHERITS base (shortlist.limit => 3);
--! error[Q0206]: unknown pipeline `base`
--!   1 | CREATE PIPELINE lost ON t INHERITS base (shortlist.limit => 3)
--!     |                                    ^^^^ help: known: `other`, `wide`
