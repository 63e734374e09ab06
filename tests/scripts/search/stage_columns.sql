-- Each stage has a score and a rank of its own, by its name or alias; `*` does not list them.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

INSERT INTO t VALUES (1, [1, 0]), (2, [0.6, 0.8]), (3, [0, 1]);
--= 3 changed

CREATE INDEX flat_z ON t USING flat (z);

CREATE CLASSIFIER c ON t;

--@ columns
SELECT id, score, rank, shortlist.score, shortlist.rank, rerank.score AS cosine, rerank.rank
FROM t SEARCH [2, 0] VIA SHORTLIST(flat_z, limit => 3) THEN RERANK(c, limit => 2);
--: id | score | rank | score | rank | cosine | rank
--> 1 | 1.0 | 1 | 2.0 | 1 | 1.0 | 1
--> 2 | 0.6 | 2 | 1.2 | 2 | 0.6 | 2
--# LIMIT 2 by default

SELECT id, near.rank, best.score FROM t SEARCH [0, 1] VIA SHORTLIST(flat_z, limit => 3) AS near THEN RERANK(c) AS best
ORDER BY near.rank DESC;
--> 1 | 3 | 0.0
--> 2 | 2 | 0.8
--> 3 | 1 | 1.0
--# LIMIT 3 by default

--@ columns
SELECT * FROM t SEARCH [1, 0] VIA SHORTLIST(flat_z, limit => 1);
--: id | z | score | rank
--> 1 | [1.0, 0.0] | 1.0 | 1
--# LIMIT 1 by default

SELECT shortlist.rank FROM t SEARCH [1, 0] VIA SHORTLIST(flat_z, limit => 3) AS near;
--! error[Q0207]: unknown column `shortlist.rank`
--!   1 | SELECT shortlist.rank FROM t SEARCH [1, 0] VIA SHORTLIST(flat_z, limit => 3) AS near
--!     |        ^^^^^^^^^^^^^^ help: did you mean `rank`?
