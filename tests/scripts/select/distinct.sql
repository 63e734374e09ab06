-- DISTINCT keeps the first of equal rows; NULLs count as equal.

SELECT DISTINCT column1 FROM VALUES (2), (1), (2), (NULL), (NULL), (1);
--> 2
--> 1
--> NULL

SELECT DISTINCT column1, column2 FROM VALUES (1, 'a'), (1, 'b'), (1, 'a');
--> 1 | a
--> 1 | b

-- Integers and doubles of one value are equal.
SELECT DISTINCT column1 FROM VALUES (1), (1.0), (2.0);
--> 1.0
--> 2.0

SELECT DISTINCT column1 FROM VALUES (3), (1), (3), (2) ORDER BY column1 LIMIT 2;
--> 1
--> 2

SELECT DISTINCT column1 FROM VALUES (3, 1) ORDER BY column2;
--! error[Q0207]: with DISTINCT, ORDER BY can name only what is selected
--!   1 | ...NCT column1 FROM VALUES (3, 1) ORDER BY column2
--!     |                                            ^^^^^^^ help: add the expression to the select list, or leave DISTINCT out
