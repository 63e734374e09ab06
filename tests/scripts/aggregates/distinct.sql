-- DISTINCT inside an aggregate.

SELECT count(DISTINCT column1), sum(DISTINCT column1), avg(DISTINCT column1), min(DISTINCT column1)
FROM VALUES (1), (1), (2), (NULL);
--> 2 | 3 | 1.5 | 1

SELECT count(DISTINCT column1) FROM VALUES ('a'), ('A'), ('a');
--> 2
