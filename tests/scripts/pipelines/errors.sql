-- Pipelines that cannot work are refused when they are made.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR(3));

CREATE INDEX i ON t USING flat (z);

CREATE INDEX j ON u USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE CLASSIFIER d ON u;

CREATE PIPELINE p ON t AS SHORTLIST(j, limit => 3);
--! error[Q0215]: index `j` belongs to table `u`, not to `t`
--!   1 | CREATE PIPELINE p ON t AS SHORTLIST(j, limit => 3)
--!     |                                     ^ help: name one of `t`

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 50) THEN RERANK(c, limit => 100);
--! error[Q0311]: shortlist limit 50 is smaller than rerank limit 100
--!   1 | ...IPELINE p ON t AS SHORTLIST(i, limit => 50) THEN RERANK(c, limit => 100)
--!     |                                            ^^ help: raise it to >= 100, or lower the rerank limit

CREATE PIPELINE p ON t AS RERANK(c);
--! error[Q0309]: RERANK orders labels, and no stage before it finds any
--!   1 | CREATE PIPELINE p ON t AS RERANK(c)
--!     |                           ^^^^^^^^^ help: put SHORTLIST(index, limit => n), PROBE(index) THEN SHORTLIST(limit => n) or MATCH(column, limit => n) before it

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3) THEN RERANK(d);
--! error[Q0215]: classifier `d` belongs to table `u`, not to `t`
--!   1 | ...AS SHORTLIST(i, limit => 3) THEN RERANK(d)
--!     |                                            ^ help: name one of `t`

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3) SCORE BY rerank.score;
--! error[Q0207]: unknown column `rerank.score`
--!   1 | ... t AS SHORTLIST(i, limit => 3) SCORE BY rerank.score
--!     |                                            ^^^^^^^^^^^^ help: SCORE BY names the scores of stages, as in rerank.score

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => $1);
--! error[Q0118]: parameters are not allowed in CREATE
--!   1 | ...IPELINE p ON t AS SHORTLIST(i, limit => $1)
--!     |                                            ^^ help: write the value

CREATE PIPELINE p ON t;
--! error[Q0107]: expected AS or INHERITS, found the end of the statement
--!   1 | CREATE PIPELINE p ON t
--!     |                       ^

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3);

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3);
--! error[Q0214]: pipeline `p` exists already
--!   1 | CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 3)
--!     |                 ^ help: DROP PIPELINE p first, or add IF NOT EXISTS

ALTER TABLE u SET DEFAULT PIPELINE p;
--! error[Q0215]: pipeline `p` belongs to table `t`, not to `u`
--!   1 | ALTER TABLE u SET DEFAULT PIPELINE p
--!     |                                    ^

SELECT id FROM u SEARCH [1, 0, 0] VIA PIPELINE p;
--! error[Q0215]: pipeline `p` belongs to table `t`, not to `u`
--!   1 | ...id FROM u SEARCH [1, 0, 0] VIA PIPELINE p
--!     |                                            ^ help: name one of `u`
