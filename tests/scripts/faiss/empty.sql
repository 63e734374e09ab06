-- A faiss index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT
