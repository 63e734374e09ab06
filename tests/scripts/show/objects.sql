-- SHOW lists the objects of a kind in the order of their names.

SHOW TABLES;
--= no rows

CREATE TABLE b (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE TABLE a (name TEXT PRIMARY KEY);

INSERT INTO a VALUES ('x'), ('y');
--= 2 changed

CREATE INDEX i ON b USING flat (z);

CREATE CLASSIFIER c ON b WITH (dtype = 'f16', link = 'sigmoid', bias = true);

--@ columns
SHOW TABLES;
--: name | labels | columns | primary_key | default_pipeline
--> a | 2 | 1 | name | NULL
--> b | 0 | 2 | id | NULL

--@ columns
--@ only as-written: generations have other numbers where they are made at other times
SHOW INDEXES;
--: name | table | method | target | options | generation | covered | newer
--> i | b | flat | z | '' | 7 | 0 | 0

--@ columns
SHOW CLASSIFIERS;
--: name | table | dimension | format | link | bias
--> c | b | 2 | f16 | sigmoid | true

--@ columns
SHOW PIPELINES;
--: name | table | sql
--= no rows

SHOW VIEWS;
--! error[Q0212]: unknown setting `views`
--!   1 | SHOW VIEWS
--!     |      ^^^^^ help: SHOW SETTINGS lists them
