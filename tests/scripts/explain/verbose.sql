-- VERBOSE: the logical plan after each rule that changed it.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

EXPLAIN (VERBOSE) SELECT id + (1 + 1) FROM (SELECT id, kind FROM t) AS s WHERE s.kind = 'a' AND TRUE LIMIT 3;

EXPLAIN VERBOSE SELECT id FROM t SEARCH [1, 0] WHERE kind IN ('a', 'b') ORDER BY score DESC LIMIT 2 OFFSET 1;
