-- Operands of types that do not go together.

SELECT 1 + 'a';

SELECT NOT 1;

SELECT 1 AND TRUE;

SELECT 'a' || [1];

SELECT -TRUE;

SELECT [1] + [2];

SELECT 1 WHERE 1;

SELECT 1 IN ('a', 'b');

SELECT 1 BETWEEN 'a' AND 'b';

SELECT 1 LIKE '1';

SELECT length(5);

SELECT substr('a');

SELECT count(*);

SELECT *;
