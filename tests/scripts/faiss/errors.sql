-- Factories that are refused before faiss sees them.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, [1, 0]);
--= 2 changed

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW0');
--! error[V0001]: unknown factory "HNSW0": use 'Flat', 'SQ8', 'HNSW32', 'HNSW32,SQ8', 'IVF1024,Flat', 'IVF1024,SQ8' or 'IVF1024,PQ64x4fs' (links 4 to 128, lists 1 to 65536, bits 4 to 8)
--!   help: for example 'HNSW32' or 'IVF1024,Flat'

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'LSH');
--! error[V0001]: unknown factory "LSH": use 'Flat', 'SQ8', 'HNSW32', 'HNSW32,SQ8', 'IVF1024,Flat', 'IVF1024,SQ8' or 'IVF1024,PQ64x4fs' (links 4 to 128, lists 1 to 65536, bits 4 to 8)
--!   help: for example 'HNSW32' or 'IVF1024,Flat'

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'IVF1024,Flat');
--! error[I0001]: IVF1024,Flat needs at least 1024 rows to train, there are 2; use fewer lists or HNSW32

CREATE INDEX i ON t USING faiss (z) WITH (factory = 'IVF1,PQ3x4fs');
--! error[I0001]: 3 parts do not divide the dimension 2; choose a divisor

CREATE INDEX i ON t USING faiss (z) WITH (metric = 'l2');
--! error[V0001]: option metric of CREATE INDEX cannot be l2
--!   help: it takes one of ip, cosine

CREATE INDEX i ON t USING faiss (z) WITH (factori = 'HNSW8');
--! error[V0001]: CREATE INDEX has no option factori
--!   help: did you mean factory?

CREATE INDEX i ON t USING faiss (z) WITH (factory = 8);
--! error[V0001]: option factory of CREATE INDEX cannot be 8
--!   help: write a text in quotes

SHOW INDEXES;
--= no rows
