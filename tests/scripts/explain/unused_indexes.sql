-- Indexes that a search leaves aside are listed with the reason.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);

CREATE INDEX i ON t USING flat (z);

CREATE INDEX f ON t USING faiss (z) WITH (factory = 'HNSW8');

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 1;

EXPLAIN SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2) LIMIT 1;

SET search.exact_rows = 0;

EXPLAIN SELECT id FROM t SEARCH [1, 0] LIMIT 1;

EXPLAIN SELECT count(*) FROM t SEARCH [1, 0];
