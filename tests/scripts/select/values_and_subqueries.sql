-- VALUES as a statement and in FROM, subqueries in FROM and IN.

VALUES (1, 'a'), (2, 'b');

VALUES (3), (1), (2) ORDER BY 1 LIMIT 2;

SELECT v.n * 2 FROM (VALUES (1), (2)) AS v (n);

SELECT s.total FROM (SELECT sum(column1) AS total FROM VALUES (1), (2), (3)) AS s;

SELECT column1 FROM VALUES (1), (2), (3) WHERE column1 IN (SELECT column1 + 1 FROM VALUES (1), (2));

SELECT column1 FROM VALUES (1), (2), (3) WHERE column1 NOT IN (SELECT 2);

-- NOT IN over a NULL is never true.
SELECT column1 FROM VALUES (1), (2) WHERE column1 NOT IN (SELECT column1 FROM VALUES (1), (NULL));

SELECT column1 FROM VALUES (1), (2) WHERE column1 IN (SELECT column1 FROM VALUES (1) WHERE FALSE);

SELECT 1 WHERE FALSE;

VALUES (1, 2), (3);
