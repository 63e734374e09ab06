-- Labels written after the classifier was made or loaded start as their vector; updates start anew.

--@ file w.npy
--| 0 5
--| 5 0
CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

COPY CLASSIFIER c FROM '${tmp}/w.npy';
--= 2 changed

INSERT INTO t VALUES (3, [3, 3]);
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 2 | 5.0
--> 3 | 3.0
--> 1 | 0.0
--# LIMIT 3 by default

UPDATE t SET z = [4, 0] WHERE id = 1;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 2 | 5.0
--> 1 | 4.0
--> 3 | 3.0
--# LIMIT 3 by default

DELETE FROM t WHERE id = 2;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--> 1 | 4.0
--> 3 | 3.0
--# LIMIT 3 by default
