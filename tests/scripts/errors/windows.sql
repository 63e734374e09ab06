-- Windows that grow along a chain, and a LIMIT beyond the last one.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 50) THEN RERANK(c, limit => 100);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i) THEN RERANK(c, limit => 501);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5) LIMIT 6;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5) LIMIT 3 OFFSET 3;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 0);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => -5);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 18446744073709551616);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 9223372036854775807);

-- Ten is only the default: a window below it is no mistake.
SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 5);
