-- An index over no labels, filled afterwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

INSERT INTO t VALUES (1, [1, 0]);
--= 1 changed

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

DELETE FROM t;
--= 1 changed

REINDEX i;

SELECT id FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT
