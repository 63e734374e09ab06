-- ORDER BY and LIMIT over groups.

SELECT column1, count(*) AS n FROM VALUES ('a'), ('b'), ('b'), ('c'), ('c'), ('c') GROUP BY column1 ORDER BY n DESC LIMIT 2;
--> c | 3
--> b | 2

SELECT column1 FROM VALUES ('a', 1), ('b', 5), ('a', 9) GROUP BY column1 ORDER BY max(column2) DESC;
--> a
--> b

SELECT column1, count(*) FROM VALUES ('a'), ('b') GROUP BY column1 ORDER BY count(*), column1 DESC;
--> b | 1
--> a | 1
