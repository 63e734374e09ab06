-- Quantised encodings nominate; the scores are exact all the same.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (0, [0, 1]), (1, normalize([1, 20])), (2, normalize([2, 20])), (3, normalize([3, 20]));
--= 4 changed

INSERT INTO t SELECT id + 4, normalize([id + 4, 20]) FROM t;
--= 4 changed

INSERT INTO t SELECT id + 8, normalize([id + 8, 20]) FROM t;
--= 8 changed

INSERT INTO t SELECT id + 16, normalize([id + 16, 20]) FROM t;
--= 16 changed

INSERT INTO t SELECT id + 32, normalize([id + 32, 20]) FROM t;
--= 32 changed

CREATE INDEX sq ON t USING faiss (z) WITH (factory = 'SQ8');

CREATE INDEX hs ON t USING faiss (z) WITH (factory = 'HNSW8,SQ8');

CREATE INDEX fl ON t USING faiss (z) WITH (factory = 'Flat');

-- The best label is 63 along each of them, with the score of the stored row.
SELECT id, score = inner_product(z, [1, 0]) FROM t SEARCH [1, 0] VIA SHORTLIST(sq, limit => 8, effort => 64) LIMIT 1;
--> 63 | true

SELECT id, score = inner_product(z, [1, 0]) FROM t SEARCH [1, 0] VIA SHORTLIST(hs, limit => 8, effort => 64) LIMIT 1;
--> 63 | true

SELECT id, score = inner_product(z, [1, 0]) FROM t SEARCH [1, 0] VIA SHORTLIST(fl, limit => 8, effort => 64) LIMIT 1;
--> 63 | true
