-- CASE in both forms: the first branch that holds, ELSE, or NULL.

SELECT column1,
       CASE WHEN column1 < 2 THEN 'low' WHEN column1 < 3 THEN 'middle' ELSE 'high' END,
       CASE column1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END
FROM VALUES (1), (2), (3);

-- A branch that is not taken is not evaluated.
SELECT CASE WHEN TRUE THEN 1 ELSE 1 / 0 END;

-- Branches have one type.
SELECT CASE WHEN TRUE THEN 1 ELSE 2.5 END;

SELECT CASE WHEN TRUE THEN 1 ELSE 'two' END;
