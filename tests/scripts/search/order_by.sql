-- ORDER BY other than by score sorts the ranking that LIMIT applies to as a whole.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(1));

INSERT INTO t VALUES (1, 'c', [1]), (2, 'a', [2]), (3, 'b', [3]);
--= 3 changed

SELECT id, title, score FROM t SEARCH [1] ORDER BY title;
--> 2 | a | 2.0
--> 3 | b | 3.0
--> 1 | c | 1.0
--# LIMIT 10 by default

SELECT id FROM t SEARCH [1] ORDER BY title LIMIT 1;
--> 2

SELECT id FROM t SEARCH [1] ORDER BY score DESC LIMIT 2;
--> 3
--> 2

SELECT id FROM t SEARCH [1] ORDER BY score LIMIT 2;
--> 1
--> 2

SELECT s.id FROM (SELECT id, title FROM t SEARCH [1] LIMIT 2) AS s ORDER BY s.title;
--> 2
--> 3
