-- Factories that are refused before faiss sees them.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, [1, 0]);

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW0');

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'LSH');

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'IVF1024,Flat');

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'IVF1,PQ3x4fs');

CREATE INDEX i ON t USING faiss (z) WITH (metric = 'l2');

CREATE INDEX i ON t USING faiss (z) WITH (factori = 'HNSW8');

CREATE INDEX i ON t USING faiss (z) WITH (factory = 8);

SHOW INDEXES;
