-- What FUSE refuses.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 0] VIA FUSE RRF (SHORTLIST(i), SHORTLIST(i));
--! error[Q0310]: two stages are named `shortlist`
--!   1 | ...ARCH [1, 0] VIA FUSE RRF (SHORTLIST(i), SHORTLIST(i))
--!     |                                            ^^^^^^^^^^^^ help: name one of them: ... AS shortlist2

SELECT id FROM t SEARCH [1, 0] VIA FUSE RRF (SHORTLIST(i) SCORE BY shortlist.score);
--! error[Q0106]: SCORE BY inside a branch of FUSE
--!   1 | ...EARCH [1, 0] VIA FUSE RRF (SHORTLIST(i) SCORE BY shortlist.score)
--!     |                                            ^^^^^ help: write it behind the whole chain, over the scores of any of its stages

SELECT id FROM t SEARCH [1, 0] VIA FUSE UNION (SHORTLIST(i) WEIGHT 0.5);
--! error[Q0313]: FUSE UNION takes no weights: it keeps the greatest score of each label as it is
--!   1 | ... 0] VIA FUSE UNION (SHORTLIST(i) WEIGHT 0.5)
--!     |                                            ^^^ help: leave WEIGHT out, or write FUSE MAX, which weighs the scores

SELECT id FROM t SEARCH [1, 0] VIA FUSE MIN (SHORTLIST(i));
--! error[Q0106]: expected a method of FUSE: UNION, MAX, LINEAR or RRF, found `MIN`
--!   1 | SELECT id FROM t SEARCH [1, 0] VIA FUSE MIN (SHORTLIST(i))
--!     |                                         ^^^

SELECT id FROM t SEARCH [1, 0] VIA FUSE MAX (RERANK(z));
--! error[Q0309]: RERANK orders labels, and no stage before it finds any
--!   1 | ...T id FROM t SEARCH [1, 0] VIA FUSE MAX (RERANK(z))
--!     |                                            ^^^^^^^^^ help: put SHORTLIST(index, limit => n), PROBE(index) THEN SHORTLIST(limit => n) or MATCH(column, limit => n) before it

SELECT id FROM t SEARCH [1, 0] VIA FUSE MAX ();
--! error[Q0106]: expected a stage, found `)`
--!   1 | ...T id FROM t SEARCH [1, 0] VIA FUSE MAX ()
--!     |                                            ^

SELECT id FROM t SEARCH [1, 0] VIA FUSE MAX (SHORTLIST(i, limit => 3) AS a, SHORTLIST(i, limit => 4) AS b) LIMIT 8;
--! error[Q0311]: 8 rows are asked for, but stage `fuse` keeps 7
--!   1 | ...a, SHORTLIST(i, limit => 4) AS b) LIMIT 8
--!     |                                            ^ help: raise the limits of its branches, or lower the LIMIT

SELECT id FROM t SEARCH [1, 0] VIA FUSE MAX (SHORTLIST(i, limit => 3) AS a) LIMIT :k;
--! error[V0001]: parameter :k is not bound
--!   help: call bind() first
