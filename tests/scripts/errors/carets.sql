-- The place of an error in a text of several lines, in long lines, and at the end.

SELECT 1,
  2,
  three
FROM VALUES (1);
--! error[Q0207]: unknown column `three`
--!   3 |   three
--!     |   ^^^^^ help: known: `column1`; a text stands in single quotes

SELECT 'a long line before the mistake, so that it is cut on its left side', 'and goes on for a while', mistake, 'and on and on behind it, for long enough to be cut as well';
--! error[Q0207]: unknown column `mistake`
--!   1 | ... left side', 'and goes on for a while', mistake, 'and on and on behind it, for long enough to be ...
--!     |                                            ^^^^^^^ help: no columns can be named here; a text stands in single quotes

SELECT 1 FROM VALUES (1)
WHERE column1 =;
--! error[Q0107]: expected an expression, found the end of the statement
--!   2 | WHERE column1 =
--!     |                ^
