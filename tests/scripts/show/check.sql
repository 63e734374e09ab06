-- CHECK DATABASE finds nothing wrong with what statements wrote.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]), (3, [1, 1]);
--= 3 changed

CREATE INDEX f ON t USING faiss (z) WITH (factory = 'HNSW8');

CREATE INDEX e ON t USING elias (z) WITH (clusters = 2);

CREATE CLASSIFIER c ON t;

UPDATE t SET z = [2, 2] WHERE id = 1;
--= 1 changed

DELETE FROM t WHERE id = 2;
--= 1 changed

--@ only as-written: a generation that was deleted is reported
CHECK DATABASE;
--= no rows

DROP INDEX e;

DROP INDEX f;

--@ only as-written: a generation that was deleted is reported
CHECK DATABASE;
--= no rows
