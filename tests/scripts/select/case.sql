-- CASE in both forms: the first branch that holds, ELSE, or NULL.

SELECT column1,
       CASE WHEN column1 < 2 THEN 'low' WHEN column1 < 3 THEN 'middle' ELSE 'high' END,
       CASE column1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END
FROM VALUES (1), (2), (3);
--> 1 | low | one
--> 2 | middle | two
--> 3 | high | NULL

-- A branch that is not taken is not evaluated.
SELECT CASE WHEN TRUE THEN 1 ELSE 1 / 0 END;
--> 1

-- Branches have one type.
SELECT CASE WHEN TRUE THEN 1 ELSE 2.5 END;
--> 1.0

SELECT CASE WHEN TRUE THEN 1 ELSE 'two' END;
--! error[Q0301]: CASE has values of types BIGINT and TEXT
--!   1 | SELECT CASE WHEN TRUE THEN 1 ELSE 'two' END
--!     |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: add a CAST to one of them
