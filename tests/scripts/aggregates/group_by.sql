-- GROUP BY: keys, NULL as a group of its own, expressions, positions and output names.

--@ unordered
SELECT column1, count(*), sum(column2) FROM VALUES ('a', 1), ('b', 2), ('a', 3), (NULL, 4), (NULL, 5) GROUP BY column1;
--> NULL | 2 | 9
--> a | 2 | 4
--> b | 1 | 2

SELECT column1 % 2 AS parity, count(*) FROM VALUES (1), (2), (3) GROUP BY parity ORDER BY parity;
--> 0 | 1
--> 1 | 2

SELECT column1 % 2, max(column1) FROM VALUES (1), (2), (3) GROUP BY 1 ORDER BY 1 DESC;
--> 1 | 3
--> 0 | 2

SELECT column1, column2, count(*) FROM VALUES (1, 'x'), (1, 'y'), (1, 'x') GROUP BY column1, column2 ORDER BY column2;
--> 1 | x | 2
--> 1 | y | 1

-- Groups of no rows do not exist.
SELECT column1, count(*) FROM VALUES (1) WHERE FALSE GROUP BY column1;
--= no rows

SELECT column1 FROM VALUES (3), (1), (3) GROUP BY column1 ORDER BY column1;
--> 1
--> 3
