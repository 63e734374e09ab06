-- Fusions: learned formulas of SCORE BY. They are named and shown before they are trained, and called after.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE FUSION f ON t USING tree (clf.score, knn.rank, inverse_propensity);

CREATE FUSION f ON t USING tree (clf.score);
--! error[Q0214]: fusion `f` exists already
--!   1 | CREATE FUSION f ON t USING tree (clf.score)
--!     |               ^ help: DROP FUSION f first, or add IF NOT EXISTS

CREATE FUSION IF NOT EXISTS f ON t USING linear (clf.score);

CREATE FUSION g ON t USING linear (clf.score) WITH (depth = 7);
--! error[V0001]: CREATE FUSION has no option depth
--!   help: leave it out: there are none

--@ columns
SHOW FUSIONS;
--: name | table | method | features | trained
--> f | t | tree | clf.score, knn.rank, inverse_propensity | false

DESCRIBE f;
--> name | f
--> table | t
--> method | tree
--> features | clf.score, knn.rank, inverse_propensity
--> trained | false

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) AS clf SCORE BY f(clf.score, 1, 2);
--! error[V0001]: fusion f has learned nothing yet
--!   help: TRAIN FUSION f first

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) AS clf SCORE BY f(clf.score);
--! error[Q0302]: fusion `f` takes 3 arguments, not 1
--!   1 | ...[1, 0] VIA SHORTLIST(i) AS clf SCORE BY f(clf.score)
--!     |                                            ^ help: its features are: clf.score, knn.rank, inverse_propensity

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) AS clf SCORE BY clf.score * inverse_propensity;
--! error[V0001]: table t was never trained, so its labels have no inverse_propensity
--!   help: TRAIN one of its classifiers first, or leave inverse_propensity out

SELECT f(1, 2, 3) FROM t;
--! error[Q0321]: fusion `f` cannot be called in SELECT
--!   1 | SELECT f(1, 2, 3) FROM t
--!     |        ^ help: call it in SCORE BY, behind the stages of VIA or of a pipeline

-- A pipeline that calls a fusion keeps it.

CREATE PIPELINE p ON t AS SHORTLIST(i) AS clf SCORE BY clf.score + coalesce(f(clf.score, clf.rank, inverse_propensity), 0);

DROP FUSION f;
--! error[V0001]: fusion f is used by pipeline p
--!   help: drop pipeline p first

DROP PIPELINE p;

DROP FUSION f;

SHOW FUSIONS;
--= no rows

CREATE FUSION f ON t USING boosted (a.score);

DROP TABLE t;

SHOW FUSIONS;
--= no rows
