-- Chains that cannot work, and options that do not exist.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE INDEX f ON t USING flat (z);

CREATE CLASSIFIER c ON t;

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e);
--! error[Q0309]: the chain ends before it finds labels
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA PROBE(e)
--!     |                                    ^^^^^^^^ help: add THEN SHORTLIST(limit => n), which takes the labels of the clusters

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN RERANK(c);
--! error[Q0309]: RERANK orders labels, but PROBE yields clusters
--!   1 | ... FROM t SEARCH [1, 0] VIA PROBE(e) THEN RERANK(c)
--!     |                                            ^^^^^^^^^ help: put SHORTLIST(limit => n) between PROBE and RERANK

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(limit => 2);
--! error[Q0309]: SHORTLIST without an index takes labels from the clusters of a PROBE, and none stands before it
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(limit => 2)
--!     |                                    ^^^^^^^^^^^^^^^^^^^^^ help: write PROBE(index) THEN SHORTLIST(limit => n), or name an index: SHORTLIST(index, limit => n)

SELECT id FROM t SEARCH [1, 0] VIA PROBE(f) THEN SHORTLIST(limit => 2);
--! error[Q0318]: PROBE needs an elias index, and `f` has no clusters
--!   1 | ...ELECT id FROM t SEARCH [1, 0] VIA PROBE(f) THEN SHORTLIST(limit => 2)
--!     |                                            ^ help: write SHORTLIST(f, limit => n) instead

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(e, limit => 2);
--! error[Q0318]: SHORTLIST(index) needs a flat or faiss index, and `e` is an elias index
--!   1 | ...T id FROM t SEARCH [1, 0] VIA SHORTLIST(e, limit => 2)
--!     |                                            ^ help: write PROBE(e) THEN SHORTLIST(limit => n)

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(f, limit => 2);
--! error[Q0309]: SHORTLIST(index) searches anew and would drop what PROBE found
--!   1 | ... FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(f, limit => 2)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^^^^ help: write SHORTLIST(limit => n) behind PROBE, or leave PROBE out

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beem => 3) THEN SHORTLIST(limit => 2);
--! error[Q0211]: PROBE has no option `beem`
--!   1 | ...CT id FROM t SEARCH [1, 0] VIA PROBE(e, beem => 3) THEN SHORTLIST(limit => 2)
--!     |                                            ^^^^ help: did you mean `beam`?

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e, beam => 0) THEN SHORTLIST(limit => 2);
--! error[Q0313]: beam => 0 is not a whole number from 1 on
--!   1 | ...OM t SEARCH [1, 0] VIA PROBE(e, beam => 0) THEN SHORTLIST(limit => 2)
--!     |                                            ^

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 5) THEN SHORTLIST(limit => 2);
--! error[Q0310]: two stages are named `shortlist`
--!   1 | ...ROBE(e) THEN SHORTLIST(limit => 5) THEN SHORTLIST(limit => 2)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^ help: name one of them: ... AS shortlist2

CREATE INDEX g ON t USING elias (c);
--! error[V0001]: an elias index orders a vector column, not a classifier
--!   help: name the column in parentheses

CREATE INDEX g ON t USING elias (z) WITH (clusters = 0);
--! error[V0001]: option clusters of CREATE INDEX cannot be 0
--!   help: it takes a whole number from 1 to 16777216

-- More clusters than labels: most stay empty.
CREATE INDEX g ON t USING elias (z) WITH (clusters = 100);

SELECT id FROM t SEARCH [0, 1] VIA PROBE(g, beam => 100) THEN SHORTLIST(limit => 2);
--> 2
--> 1
--# LIMIT 2 by default
