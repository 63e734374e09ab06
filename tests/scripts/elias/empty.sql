-- An index over no labels: all that come later are its tail.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

CREATE INDEX e ON t USING elias (z) WITH (clusters = 1);

SELECT id FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

INSERT INTO t VALUES (2, [1, 0]), (1, [0, 1]);
--= 2 changed

SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

REINDEX e;

SELECT id, score FROM t SEARCH [1, 0] VIA PROBE(e) THEN SHORTLIST(limit => 3);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT
