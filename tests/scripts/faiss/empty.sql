-- A faiss index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
