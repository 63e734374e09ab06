-- A dropped table takes its indexes, classifiers and pipelines along.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

CREATE PIPELINE p ON t AS SHORTLIST(i, limit => 2) THEN RERANK(c);

ALTER TABLE t SET DEFAULT PIPELINE p;

DROP TABLE t;

SHOW INDEXES;
--= no rows

SHOW CLASSIFIERS;
--= no rows

SHOW PIPELINES;
--= no rows

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);
