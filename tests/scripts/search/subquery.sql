-- A search as a subquery: its rows are filtered, grouped and sorted like any others.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(1));

INSERT INTO t VALUES (1, 'a', [1]), (2, 'b', [2]), (3, 'a', [3]), (4, 'b', [4]);
--= 4 changed

SELECT s.id, s.score FROM (SELECT id, kind, score FROM t SEARCH [1] LIMIT 3) AS s WHERE s.kind = 'a';
--> 3 | 3.0

SELECT s.kind, count(*) FROM (SELECT kind FROM t SEARCH [1] LIMIT 3) AS s GROUP BY s.kind ORDER BY s.kind;
--> a | 1
--> b | 2

SELECT id FROM t WHERE id IN (SELECT id FROM t SEARCH [1] LIMIT 2);
--> 3
--> 4

SELECT id FROM t SEARCH [-1] WHERE id IN (SELECT id FROM t SEARCH [1] LIMIT 2) LIMIT 2;
--> 3
--> 4

INSERT INTO t SELECT id + 10, kind, z FROM t SEARCH [1] LIMIT 1;
--= 1 changed

SELECT id FROM t;
--> 1
--> 2
--> 3
--> 4
--> 14
