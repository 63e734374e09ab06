-- A pipeline derived from another: with overrides, or with stages of its own and the inherited SCORE BY.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE base ON t AS SHORTLIST(i, limit => 1) SCORE BY 10 * shortlist.score;

CREATE PIPELINE wide ON t INHERITS base (shortlist.limit => 3);

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 3;

CREATE PIPELINE other ON t INHERITS base AS SHORTLIST(i, limit => 2);

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE other LIMIT 2;

SHOW PIPELINES;

-- What was derived keeps its text when the first is replaced or dropped.
CREATE OR REPLACE PIPELINE base ON t AS SHORTLIST(i, limit => 2) SCORE BY -shortlist.score;

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 1;

DROP PIPELINE base;

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE wide LIMIT 1;

CREATE PIPELINE lost ON t INHERITS base (shortlist.limit => 3);
