-- Aggregates over a search see all of its ranking: there is no LIMIT of 10 then.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]), (3, 'a', [0.5, 0]), (4, 'b', [1, 1]), (5, 'a', [2, 0]),
  (6, 'a', [1, 0]), (7, 'a', [1, 0]), (8, 'a', [1, 0]), (9, 'a', [1, 0]), (10, 'a', [1, 0]), (11, 'a', [1, 0]),
  (12, 'a', [1, 0]);
--= 12 changed

SELECT count(*), max(score), min(score) FROM t SEARCH [1, 0];
--> 12 | 2.0 | 0.0

SELECT kind, count(*), max(score) FROM t SEARCH [1, 0] GROUP BY kind ORDER BY kind;
--> a | 10 | 2.0
--> b | 2 | 1.0

SELECT count(*) FROM t SEARCH [1, 0] QUALIFY score > 0.5;
--> 10

SELECT avg(s.score) FROM (SELECT score FROM t SEARCH [1, 0] LIMIT 2) AS s;
--> 1.5
