-- Windows that grow along a chain, and a LIMIT beyond the last one.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 50) THEN RERANK(c, limit => 100);
--! error[Q0311]: shortlist limit 50 is smaller than rerank limit 100
--!   1 | ...SEARCH [1, 0] VIA SHORTLIST(i, limit => 50) THEN RERANK(c, limit => 100)
--!     |                                            ^^ help: raise it to >= 100, or lower the rerank limit

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) THEN RERANK(c, limit => 501);
--! error[Q0311]: shortlist limit 500 is smaller than rerank limit 501
--!   1 | ...IA SHORTLIST(i) THEN RERANK(c, limit => 501)
--!     |                                            ^^^ help: raise it to >= 501, or lower the rerank limit

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5) LIMIT 6;
--! error[Q0311]: 6 rows are asked for, but stage `shortlist` keeps 5
--!   1 | ..., 0] VIA SHORTLIST(i, limit => 5) LIMIT 6
--!     |                                            ^ help: raise the stage's limit to >= 6, or lower the LIMIT

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5) LIMIT 3 OFFSET 3;
--! error[Q0311]: 6 rows are asked for, but stage `shortlist` keeps 5
--!   1 | ..., 0] VIA SHORTLIST(i, limit => 5) LIMIT 3 OFFSET 3
--!     |                                            ^ help: raise the stage's limit to >= 6, or lower the LIMIT

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 0);
--! error[Q0313]: limit => 0 is not a whole number from 1 on
--!   1 | ...SEARCH [1, 0] VIA SHORTLIST(i, limit => 0)
--!     |                                            ^

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => -5);
--! error[Q0313]: limit => -5 is not a whole number from 1 on
--!   1 | ...SEARCH [1, 0] VIA SHORTLIST(i, limit => -5)
--!     |                                            ^^

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 18446744073709551616);
--! error[Q0313]: limit => 1.8446744073709552e19 is not a whole number from 1 on
--!   1 | ...SEARCH [1, 0] VIA SHORTLIST(i, limit => 18446744073709551616)
--!     |                                            ^^^^^^^^^^^^^^^^^^^^

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 9223372036854775807);
--! error[V0001]: limit cannot be 9223372036854775807
--!   help: it takes 1 to 10000000

-- Ten is only the default: a window below it is no mistake.
SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5);
--= no rows
--# LIMIT 5 by default
