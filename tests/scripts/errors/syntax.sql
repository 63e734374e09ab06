-- Syntax errors, with the place.

SELEC 1;
--! error[Q0106]: expected a statement, found `SELEC`
--!   1 | SELEC 1
--!     | ^^^^^ help: did you mean `SELECT`?

SELECT;
--! error[Q0107]: expected an expression, found the end of the statement
--!   1 | SELECT
--!     |       ^

SELECT 1 +;
--! error[Q0107]: expected an expression, found the end of the statement
--!   1 | SELECT 1 +
--!     |           ^

SELECT (1;
--! error[Q0107]: expected `)`, found the end of the statement
--!   1 | SELECT (1
--!     |          ^

SELECT 1 FROM;
--! error[Q0107]: expected the name of a table, found the end of the statement
--!   1 | SELECT 1 FROM
--!     |              ^

SELECT 'abc;
--! error[Q0102]: string without its closing quote
--!   1 | SELECT 'abc
--!     |        ^ help: close it with '

SELECT "abc;
--! error[Q0103]: quoted name without its closing quote, or empty
--!   1 | SELECT "abc
--!     |        ^ help: write "name"

SELECT /* 1;
--! error[Q0104]: comment without its end
--!   1 | SELECT /* 1
--!     |        ^ help: close it with */

SELECT 1 2;
--! error[Q0106]: expected the end of the statement, found `2`
--!   1 | SELECT 1 2
--!     |          ^

SELECT 1; SELECT 2;
--! error[Q0111]: a second statement follows where only one is expected
--!   1 | SELECT 1; SELECT 2
--!     |         ^

SELECT #;
--! error[Q0101]: unexpected character `#`
--!   1 | SELECT #
--!     |        ^

SELECT 1.2.3;
--! error[Q0106]: expected the end of the statement, found `.3`
--!   1 | SELECT 1.2.3
--!     |           ^^

INSERT t VALUES (1);
--! error[Q0106]: expected INTO, found `t`
--!   1 | INSERT t VALUES (1)
--!     |        ^

CREATE TABLE t;
--! error[Q0107]: expected `(`, found the end of the statement
--!   1 | CREATE TABLE t
--!     |               ^

SELECT * FROM t WHERE;
--! error[Q0107]: expected an expression, found the end of the statement
--!   1 | SELECT * FROM t WHERE
--!     |                      ^

SELECT
  a,
  FROM t;
--! error[Q0106]: expected an expression, found `FROM`
--!   3 |   FROM t
--!     |   ^^^^

SELECT select FROM t;
--! error[Q0112]: a subquery as a value is not part of this version of the language
--!   1 | SELECT select FROM t
--!     |        ^^^^^^ help: use IN (SELECT ...), or run the subquery first and pass its result as a parameter

CASE;
--! error[Q0106]: expected a statement, found `CASE`
--!   1 | CASE
--!     | ^^^^
