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

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'sigmoid');

COPY CLASSIFIER c FROM '${tmp}/w.npy';

SELECT id, score FROM t SEARCH [2, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);

COPY CLASSIFIER c FROM '${tmp}/short.npy';

COPY CLASSIFIER c FROM '${tmp}/wide.npy';

COPY CLASSIFIER c FROM '${tmp}/missing.npy';

COPY CLASSIFIER d FROM '${tmp}/w.npy';

SELECT id, score FROM t SEARCH [2, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
