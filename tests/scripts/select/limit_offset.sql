-- LIMIT and OFFSET in either order; both may be NULL or constant expressions.

SELECT column1 FROM VALUES (1), (2), (3), (4) LIMIT 2;
--> 1
--> 2

SELECT column1 FROM VALUES (1), (2), (3), (4) LIMIT 2 OFFSET 1;
--> 2
--> 3

SELECT column1 FROM VALUES (1), (2), (3), (4) OFFSET 3;
--> 4

SELECT column1 FROM VALUES (1), (2), (3), (4) OFFSET 2 LIMIT 1 + 0;
--> 3

SELECT column1 FROM VALUES (1), (2) LIMIT 0;
--= no rows

SELECT column1 FROM VALUES (1), (2) LIMIT ALL OFFSET 1;
--> 2

SELECT column1 FROM VALUES (1), (2) LIMIT 9223372036854775807 OFFSET 9223372036854775807;
--= no rows
