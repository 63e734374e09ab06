-- COPY CLASSIFIER takes row i for the i-th label in the order of the primary key, whatever the order of insertion.

--@ file w.npy
--| 1 0
--| 0 1
--| -1 0
--@ file short.npy
--| 1 0
--@ file wide.npy
--| 1 0 0
--| 1 0 0
--| 1 0 0
CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (30, [1, 1]), (10, [1, 1]), (20, [1, 1]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

COPY CLASSIFIER c FROM '${tmp}/w.npy';
--= 3 changed

SELECT id, score FROM t SEARCH [2, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 10 | 2.0
--> 20 | 1.0
--> 30 | -2.0
--# LIMIT 3 by default

COPY CLASSIFIER c FROM '${tmp}/short.npy';
--! error[V0001]: ${tmp}/short.npy is 1 x 2, but 3 x 2 is needed
--!   help: give one row for each label in primary-key order

COPY CLASSIFIER c FROM '${tmp}/wide.npy';
--! error[V0001]: ${tmp}/wide.npy is 3 x 3, but 3 x 2 is needed
--!   help: give one row for each label in primary-key order

COPY CLASSIFIER c FROM '${tmp}/missing.npy';
--! error[F0001]: cannot open `${tmp}/missing.npy`: No such file or directory (os error 2)

COPY CLASSIFIER d FROM '${tmp}/w.npy';
--! error[Q0205]: unknown classifier `d`
--!   help: known: `c`

SELECT id, score FROM t SEARCH [2, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 10 | 2.0
--> 20 | 1.0
--> 30 | -2.0
--# LIMIT 3 by default
