-- Labels that are inserted, updated and deleted after the index was made.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);

CREATE INDEX i ON t USING flat (z);

INSERT INTO t VALUES (3, [2, 0]), (4, [0, 2]);

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2);

UPDATE t SET z = [3, 0] WHERE id = 2;

DELETE FROM t WHERE id = 3;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
