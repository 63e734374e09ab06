-- An index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

INSERT INTO t VALUES (1, [1, 0]);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);

DELETE FROM t;

REINDEX i;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
