-- Most labels are deleted after the build: the rows owed still come.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [1, 0]), (1, [1, 1]), (2, [1, 2]), (3, [1, 3]);

INSERT INTO t SELECT id + 4, [1, id + 4] FROM t;

INSERT INTO t SELECT id + 8, [1, id + 8] FROM t;

INSERT INTO t SELECT id + 16, [1, id + 16] FROM t;

INSERT INTO t SELECT id + 32, [1, id + 32] FROM t;

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8');

DELETE FROM t WHERE id >= 20;

SELECT id, score FROM t SEARCH [0, 1] VIA SHORTLIST(i, limit => 3, effort => 3);

DELETE FROM t WHERE id >= 2;

SELECT id, score FROM t SEARCH [0, 1] VIA SHORTLIST(i, limit => 3);
