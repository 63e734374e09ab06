-- A cosine classifier starts as the label's vector; its score does not depend on lengths.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [10, 0]), (2, [1, 1]), (3, [0, 3]);
--= 3 changed

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t WITH (link = 'cosine');

SELECT id, score, shortlist.score FROM t SEARCH [2, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

SELECT id, score FROM t SEARCH [1, 1] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT

-- A query without direction ties all.
SELECT id, score FROM t SEARCH [0, 0] VIA SHORTLIST(i, limit => 3) THEN RERANK(c);
--! error[V0001]: LIMIT + OFFSET is 10 but stage shortlist keeps 3 labels
--!   help: raise the limit of shortlist, or lower LIMIT
