-- Labels that are inserted, updated and deleted after the index was made.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0, 1]);
--= 2 changed

CREATE INDEX i ON t USING flat (z);

INSERT INTO t VALUES (3, [2, 0]), (4, [0, 2]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 2);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 2 labels
--!   help: raise the limit of shortlist, or lower LIMIT

UPDATE t SET z = [3, 0] WHERE id = 2;
--= 1 changed

DELETE FROM t WHERE id = 3;
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

REINDEX i;

SELECT id, score FROM t SEARCH [1, 0] VIA SHORTLIST(i, limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT
