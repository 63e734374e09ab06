-- VALUES as a statement and in FROM, subqueries in FROM and IN.

VALUES (1, 'a'), (2, 'b');
--> 1 | a
--> 2 | b

VALUES (3), (1), (2) ORDER BY 1 LIMIT 2;
--> 1
--> 2

SELECT v.n * 2 FROM (VALUES (1), (2)) AS v (n);
--> 2
--> 4

SELECT s.total FROM (SELECT sum(column1) AS total FROM VALUES (1), (2), (3)) AS s;
--> 6

SELECT column1 FROM VALUES (1), (2), (3) WHERE column1 IN (SELECT column1 + 1 FROM VALUES (1), (2));
--> 2
--> 3

SELECT column1 FROM VALUES (1), (2), (3) WHERE column1 NOT IN (SELECT 2);
--> 1
--> 3

-- NOT IN over a NULL is never true.
SELECT column1 FROM VALUES (1), (2) WHERE column1 NOT IN (SELECT column1 FROM VALUES (1), (NULL));
--= no rows

SELECT column1 FROM VALUES (1), (2) WHERE column1 IN (SELECT column1 FROM VALUES (1) WHERE FALSE);
--= no rows

SELECT 1 WHERE FALSE;
--= no rows

VALUES (1, 2), (3);
--! error[Q0314]: row of 1 values where the first has 2
--!   1 | VALUES (1, 2), (3)
--!     |                ^^^
