-- Three-valued logic: NULL is neither true nor false, and nothing equals it.

SELECT NULL = NULL, NULL IS NULL, NULL IS NOT NULL, 1 = NULL;
--> NULL | true | false | NULL

SELECT TRUE AND NULL, FALSE AND NULL, TRUE OR NULL, FALSE OR NULL, NOT NULL;
--> NULL | false | true | NULL | NULL

SELECT 1 IN (1, NULL), 2 IN (1, NULL), 2 NOT IN (1, NULL), NULL IN (1, 2);
--> true | NULL | NULL | NULL

SELECT NULL + 1, NULL || 'a', concat(NULL, 'a'), coalesce(NULL, NULL, 3);
--> NULL | NULL | a | 3

SELECT nullif(1, 1), nullif(1, 2), greatest(1, NULL, 3), least(NULL, 2);
--> NULL | 1 | 3 | 2

-- WHERE keeps rows for which the predicate is true; NULL is not.
SELECT column1 FROM VALUES (1), (NULL), (3) WHERE column1 <> 3;
--> 1

SELECT NULL BETWEEN 1 AND 2, 1 BETWEEN NULL AND 0, 5 NOT BETWEEN 1 AND 3;
--> NULL | false | true
