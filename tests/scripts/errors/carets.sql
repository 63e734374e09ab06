-- The place of an error in a text of several lines, in long lines, and at the end.

SELECT 1,
  2,
  three
FROM VALUES (1);

SELECT 'a long line before the mistake, so that it is cut on its left side', 'and goes on for a while', mistake, 'and on and on behind it, for long enough to be cut as well';

SELECT 1 FROM VALUES (1)
WHERE column1 =;
