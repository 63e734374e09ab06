-- Aggregates without GROUP BY give one row, also over nothing.

SELECT count(*), count(column1), sum(column1), avg(column1), min(column1), max(column1)
FROM VALUES (1), (NULL), (4);
--> 3 | 2 | 5 | 2.5 | 1 | 4

SELECT count(*), count(column1), sum(column1), avg(column1), min(column1), max(column1)
FROM VALUES (1) WHERE column1 > 5;
--> 0 | 0 | NULL | NULL | NULL | NULL

SELECT min(column1), max(column1) FROM VALUES ('b'), ('a'), ('c');
--> a | c

SELECT sum(column1), avg(column1) FROM VALUES (1.5), (2.5);
--> 4.0 | 2.0

SELECT count(*) + 1, sum(column1) / count(*) FROM VALUES (2), (4);
--> 3 | 3
