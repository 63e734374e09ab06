-- Every method of FUSE over two lists of three labels. The query [1, 0] picks the first element, so that the
-- lists are 1 (4), 2 (3), 3 (2) by column a, and 4 (8), 3 (6), 5 (2) by column b.

CREATE TABLE t (id BIGINT PRIMARY KEY, a VECTOR(2), b VECTOR(2));

INSERT INTO t VALUES (1, [4, 1], [1, 0]), (2, [3, 1], [1, 0]), (3, [2, 1], [6, 0]), (4, [1, 1], [8, 0]), (5, [0, 1], [2, 0]);
--= 5 changed

CREATE INDEX by_a ON t USING flat (a);

CREATE INDEX by_b ON t USING flat (b);

-- UNION: the greatest score. A stage that did not see a label has no score and no rank for it.

SELECT id, score, rank, x.score, x.rank, y.score, y.rank, fuse.score, fuse.rank FROM t SEARCH [1, 0]
VIA FUSE UNION (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y) LIMIT 6;
--> 4 | 8.0 | 1 | NULL | NULL | 8.0 | 1 | 8.0 | 1
--> 3 | 6.0 | 2 | 2.0 | 3 | 6.0 | 2 | 6.0 | 2
--> 1 | 4.0 | 3 | 4.0 | 1 | NULL | NULL | 4.0 | 3
--> 2 | 3.0 | 4 | 3.0 | 2 | NULL | NULL | 3.0 | 4
--> 5 | 2.0 | 5 | NULL | NULL | 2.0 | 3 | 2.0 | 5

-- MAX weighs: 4, 3, then 2 twice, where the smaller key comes first.

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE MAX (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y WEIGHT 0.25);
--> 1 | 4.0
--> 2 | 3.0
--> 3 | 2.0
--> 4 | 2.0
--> 5 | 0.5
--# LIMIT 6 by default

-- RRF with k = 1: 1/4 + 1/3, 1/2, 1/2, 1/3, 1/4.

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE RRF (k => 1) (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y);
--> 3 | 0.583333
--> 1 | 0.5
--> 4 | 0.5
--> 2 | 0.333333
--> 5 | 0.25
--# LIMIT 6 by default

-- k = 60 where the statement does not say; the weights count.

SELECT id, score * 61 AS times_61 FROM t SEARCH [1, 0]
VIA FUSE RRF (SHORTLIST(by_a, limit => 3) AS x WEIGHT 2, SHORTLIST(by_b, limit => 1) AS y WEIGHT 0.5) LIMIT 2;
--> 1 | 2.0
--> 2 | 1.96774

-- LINEAR: (s - 2) / 2 and (s - 2) / 6; a label that is missing in a list gets 0 there.

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE LINEAR (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y);
--> 1 | 1.0
--> 4 | 1.0
--> 3 | 0.666667
--> 2 | 0.5
--> 5 | 0.0
--# LIMIT 6 by default

-- With z-scores a label that is missing gets the least of the list: -1.22474 and -1.33631.

SELECT id, score FROM t SEARCH [1, 0]
VIA FUSE LINEAR (normalize => zscore) (SHORTLIST(by_a, limit => 3) AS x, SHORTLIST(by_b, limit => 3) AS y);
--> 1 | -0.111561
--> 4 | -0.1557
--> 3 | -0.957484
--> 2 | -1.33631
--> 5 | -2.56105
--# LIMIT 6 by default

-- One label alone, or several of one score: 1 by min and max, 0 by z-score.

SELECT id, score FROM t SEARCH [0, 1]
VIA FUSE LINEAR (normalize => 'minmax') (SHORTLIST(by_a, limit => 3) AS x WEIGHT 3, SHORTLIST(by_b, limit => 1) AS y);
--> 1 | 4.0
--> 2 | 3.0
--> 3 | 3.0
--# LIMIT 4 by default

SELECT id, score FROM t SEARCH [0, 1]
VIA FUSE LINEAR (normalize => 'zscore') (SHORTLIST(by_a, limit => 3) AS x WEIGHT 3);
--> 1 | 0.0
--> 2 | 0.0
--> 3 | 0.0
--# LIMIT 3 by default
