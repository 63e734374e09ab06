-- What stands behind a FUSE: RERANK by a classifier or by a vector column gives every label of the union a
-- score, SCORE BY mixes the scores of all stages, WHERE and QUALIFY filter before and after.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, a VECTOR(2), b VECTOR(2));

INSERT INTO t VALUES (1, 'x', [4, 1], [1, 0]), (2, 'y', [3, 1], [1, 0]), (3, 'x', [2, 1], [6, 0]), (4, 'y', [1, 1], [8, 0]), (5, 'x', [0, 1], [2, 0]);
--= 5 changed

CREATE INDEX by_a ON t USING flat (a);

CREATE INDEX by_b ON t USING flat (b);

CREATE CLASSIFIER c ON t WITH (column = 'b', link = 'sigmoid');

-- The inner products with column a: 4, 3, 2, 1, 0.

SELECT id, score, y.score FROM t SEARCH [1, 0]
VIA FUSE UNION (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 3) AS y) THEN RERANK(a);
--> 1 | 4.0 | NULL
--> 2 | 3.0 | NULL
--> 3 | 2.0 | 6.0
--> 4 | 1.0 | 8.0
--> 5 | 0.0 | 2.0
--# LIMIT 5 by default

-- The rows of the classifier are those of column b; its limit cuts.

SELECT id, score, x.rank, y.rank, fuse.rank, rerank.rank FROM t SEARCH [1, 0]
VIA FUSE RRF (k => 1) (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 3) AS y) THEN RERANK(c, limit => 3);
--> 4 | 8.0 | NULL | 1 | 2 | 1
--> 3 | 6.0 | NULL | 2 | 4 | 2
--> 5 | 2.0 | NULL | 3 | 5 | 3
--# LIMIT 3 by default

-- Two rescorings one after the other.

SELECT id, dense.score, clf.score, score FROM t SEARCH [1, 0]
VIA FUSE UNION (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 3) AS y) THEN RERANK(a) AS dense THEN RERANK(c) AS clf
SCORE BY 10 * dense.score + clf.score;
--> 1 | 4.0 | 1.0 | 41.0
--> 2 | 3.0 | 1.0 | 31.0
--> 3 | 2.0 | 6.0 | 26.0
--> 4 | 1.0 | 8.0 | 18.0
--> 5 | 0.0 | 2.0 | 2.0
--# LIMIT 5 by default

-- The mix of NGAME (WSDM 2023): the score of a list counts only where the list has the label.

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE UNION (SHORTLIST(by_a, limit => 2) AS knn, SHORTLIST(by_b, limit => 3) AS clf)
SCORE BY 10 * coalesce(knn.score, 0) + coalesce(clf.score, 0);
--> 1 | 40.0
--> 2 | 30.0
--> 4 | 8.0
--> 3 | 6.0
--> 5 | 2.0
--# LIMIT 5 by default

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE UNION (SHORTLIST(by_a, limit => 2) AS knn, SHORTLIST(by_b, limit => 3) AS clf)
SCORE BY knn.score + clf.score;
--! error[V0001]: the score of label 4 is not a number
--!   help: SCORE BY saw a NULL: wrap stage scores that may be absent in coalesce(..., 0)

-- WHERE chooses the labels of every branch, QUALIFY filters the ranking.

SELECT id, score, x.score, y.score FROM t SEARCH [1, 0]
VIA FUSE MAX (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 2) AS y) WHERE kind = 'x';
--> 3 | 6.0 | 2.0 | 6.0
--> 1 | 4.0 | 4.0 | NULL
--> 5 | 2.0 | NULL | 2.0
--# LIMIT 4 by default

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE MAX (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y)
QUALIFY x.rank IS NOT NULL AND y.rank IS NOT NULL ORDER BY y.score LIMIT 4;
--> 3 | 6.0

-- A FUSE in a branch of another; a RERANK inside of a branch.

SELECT id, score, inside.score, inside.rank, z.score FROM t SEARCH [1, 0]
VIA FUSE MAX (FUSE UNION (SHORTLIST(by_a, limit => 1) AS x, SHORTLIST(by_b, limit => 1) AS y) AS inside WEIGHT 0.5,
              SHORTLIST(by_a, limit => 5) THEN RERANK(c, limit => 2) AS z) AS outside;
--> 4 | 8.0 | 8.0 | 1 | 8.0
--> 3 | 6.0 | NULL | NULL | 6.0
--> 1 | 2.0 | 4.0 | 2 | NULL
--# LIMIT 4 by default

-- What was deleted is not found any more, what is inserted is found at once.

DELETE FROM t WHERE id = 4;
--= 1 changed

INSERT INTO t VALUES (6, 'x', [5, 0], [0, 1]);
--= 1 changed

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE MAX (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 2) AS y);
--> 3 | 6.0
--> 6 | 5.0
--> 1 | 4.0
--> 5 | 2.0
--# LIMIT 4 by default

-- A union of nothing is empty.

SELECT id FROM t SEARCH [1, 0]
VIA FUSE RRF (SHORTLIST(by_a, limit => 2) AS x, SHORTLIST(by_b, limit => 2) AS y) WHERE id > 100;
--= no rows
--# LIMIT 4 by default

-- A text beside the vector changes nothing where no stage reads it.

SELECT id, score FROM t SEARCH (TEXT => 'shoe', VECTOR => [1, 0])
VIA FUSE MAX (SHORTLIST(by_a, limit => 1) AS x, SHORTLIST(by_b, limit => 1) AS y);
--> 3 | 6.0
--> 6 | 5.0
--# LIMIT 2 by default
