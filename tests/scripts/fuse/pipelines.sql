-- A FUSE in a stored pipeline, with overrides that reach into its branches, and under EXPLAIN.

CREATE TABLE t (id BIGINT PRIMARY KEY, a VECTOR(2), b VECTOR(2));

INSERT INTO t VALUES (1, [4, 1], [1, 0]), (2, [3, 1], [1, 0]), (3, [2, 1], [6, 0]), (4, [1, 1], [8, 0]), (5, [0, 1], [2, 0]);
--= 5 changed

CREATE INDEX by_a ON t USING flat (a);

CREATE INDEX by_b ON t USING flat (b);

CREATE PIPELINE p ON t AS
  FUSE RRF (k => 1) (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y) THEN RERANK(b, limit => 4)
  SCORE BY fuse.score;

ALTER TABLE t SET DEFAULT PIPELINE p;

SELECT id, score FROM t SEARCH [1, 0];
--> 3 | 0.583333
--> 1 | 0.5
--> 4 | 0.5
--> 5 | 0.25
--# LIMIT 4 by default

SELECT id, score FROM t SEARCH [1, 0] VIA PIPELINE p (x.limit => 1, fuse.k => 3);
--> 1 | 0.25
--> 4 | 0.25
--> 3 | 0.2
--> 5 | 0.166667
--# LIMIT 4 by default

SHOW PIPELINES;
--> p | t | FUSE RRF (k => 1) (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y) THEN RERANK(b, limit => 4) SCORE BY fuse.score

DROP INDEX by_b;
--! error[V0001]: index by_b is used by pipeline p
--!   help: drop pipeline p first

--@ only as-written: the other ways read other rows
EXPLAIN SELECT id, score FROM t SEARCH [1, 0] LIMIT 2;
--> project  id, score
--> `- limit 2 offset 0
-->    `- search t  k=2  pipeline p
-->       +- fuse rrf  k 1
-->       |  +- branch 1
-->       |  |  `- shortlist by_a as x  flat, limit 3
-->       |  `- branch 2
-->       |  `- shortlist by_b as y  flat, limit 3
-->       +- rerank column b  limit 4
-->       `- rank  score desc, primary key, SCORE BY

--@ only as-written: the other ways read other rows
EXPLAIN ANALYZE SELECT id, score FROM t SEARCH [1, 0] LIMIT 2;
-->                                     rows  time  notes
--> project  2  # ms  id, score
--> `- limit 2 offset 0  2  # ms
-->    `- search t  k=2  2  # ms  pipeline p
-->       +- fuse rrf  5  # ms  k 1, 6 labels in 2 branches
-->       |  +- branch 1
-->       |  |  `- shortlist by_a as x  3  # ms  flat, limit 3, 5 labels scored
-->       |  `- branch 2
-->       |  `- shortlist by_b as y  3  # ms  flat, limit 3, 5 labels scored
-->       +- rerank column b  4  # ms  limit 4, f32, inner product, 5 rows read
-->       `- rank  2  # ms  score desc, primary key, SCORE BY
--> total # ms (plan # ms)

EXPLAIN SELECT id FROM t SEARCH [1, 0]
VIA FUSE LINEAR (normalize => zscore) (FUSE UNION (SHORTLIST(by_a, limit => 1) AS x) AS inside WEIGHT 0.5, SHORTLIST(by_b, limit => 5) AS z) AS outside
LIMIT 3;
--> project  id
--> `- limit 3 offset 0
-->    `- search t  k=3  the stages of the statement
-->       +- fuse linear as outside  zscore
-->       |  +- branch 1  weight 0.5
-->       |  |  `- fuse union as inside
-->       |  |  `- branch 1
-->       |  |  `- shortlist by_a as x  flat, limit 1
-->       |  `- branch 2
-->       |  `- shortlist by_b as z  flat, limit 5
-->       `- rank  score desc, primary key
