-- SHOW lists the objects of a kind in the order of their names.

SHOW TABLES;

CREATE TABLE b (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE TABLE a (name TEXT PRIMARY KEY);

INSERT INTO a VALUES ('x'), ('y');

CREATE INDEX i ON b USING flat (z);

CREATE CLASSIFIER c ON b WITH (dtype = 'f16', link = 'sigmoid', bias = true);

--@ columns
SHOW TABLES;

--@ columns
SHOW INDEXES;

--@ columns
SHOW CLASSIFIERS;

--@ columns
SHOW PIPELINES;

SHOW JOBS;

SHOW VIEWS;
