-- Creating and dropping tables; names are free again afterwards, and the old rows are gone.

CREATE TABLE t (id BIGINT PRIMARY KEY);

INSERT INTO t VALUES (1);

CREATE TABLE t (id BIGINT PRIMARY KEY);

CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY, other TEXT);

SHOW TABLES;

DROP TABLE t;

SELECT * FROM t;

DROP TABLE t;

DROP TABLE IF EXISTS t;

CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT);

SELECT count(*) FROM t;
