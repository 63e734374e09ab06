-- ORDER BY: several keys, positions, output names, expressions, and where NULLs go.

SELECT column1, column2 FROM VALUES (2, 'b'), (1, 'c'), (2, 'a'), (NULL, 'd') ORDER BY column1, column2 DESC;
--> 1 | c
--> 2 | b
--> 2 | a
--> NULL | d

SELECT column1, column2 FROM VALUES (2, 'b'), (1, 'c'), (NULL, 'd') ORDER BY 1 DESC;
--> NULL | d
--> 2 | b
--> 1 | c

SELECT column1 FROM VALUES (2), (NULL), (1) ORDER BY column1 NULLS FIRST;
--> NULL
--> 1
--> 2

SELECT column1 FROM VALUES (2), (NULL), (1) ORDER BY column1 DESC NULLS LAST;
--> 2
--> 1
--> NULL

SELECT column1 AS n, -column1 AS m FROM VALUES (1), (3), (2) ORDER BY m;
--> 3 | -3
--> 2 | -2
--> 1 | -1

SELECT column1 FROM VALUES (1), (-3), (2) ORDER BY abs(column1) DESC;
--> -3
--> 2
--> 1

-- The sort is stable: equal keys keep the order of the input.
SELECT column2 FROM VALUES (1, 'first'), (0, 'zero'), (1, 'second'), (1, 'third') ORDER BY column1;
--> zero
--> first
--> second
--> third

SELECT column1 FROM VALUES (1) ORDER BY 2;
--! error[Q0207]: ORDER BY 2: there are output columns 1 to 1
--!   1 | SELECT column1 FROM VALUES (1) ORDER BY 2
--!     |                                         ^
