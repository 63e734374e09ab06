-- Operands of types that do not go together.

SELECT 1 + 'a';
--! error[Q0301]: an operand of `+` must be a number, not TEXT
--!   1 | SELECT 1 + 'a'
--!     |            ^^^ help: add a CAST, as in CAST(x AS DOUBLE)

SELECT NOT 1;
--! error[Q0301]: the operand of NOT must be BOOLEAN, not BIGINT
--!   1 | SELECT NOT 1
--!     |            ^ help: compare it with something, as in `x = 1` or `x IS NOT NULL`

SELECT 1 AND TRUE;
--! error[Q0301]: an operand of AND must be BOOLEAN, not BIGINT
--!   1 | SELECT 1 AND TRUE
--!     |        ^ help: compare it with something, as in `x = 1` or `x IS NOT NULL`

SELECT 'a' || [1];
--! error[Q0301]: `||` joins texts, not BIGINT[]
--!   1 | SELECT 'a' || [1]
--!     |               ^^^ help: add CAST(x AS TEXT)

SELECT -TRUE;
--! error[Q0301]: the operand of minus must be a number, not BOOLEAN
--!   1 | SELECT -TRUE
--!     |         ^^^^ help: add a CAST, as in CAST(x AS DOUBLE)

SELECT [1] + [2];
--! error[Q0301]: an operand of `+` must be a number, not BIGINT[]
--!   1 | SELECT [1] + [2]
--!     |        ^^^ help: add a CAST, as in CAST(x AS DOUBLE)

SELECT 1 WHERE 1;
--! error[Q0301]: WHERE must be BOOLEAN, not BIGINT
--!   1 | SELECT 1 WHERE 1
--!     |                ^ help: compare it with something, as in `x = 1` or `x IS NOT NULL`

SELECT 1 IN ('a', 'b');
--! error[Q0301]: IN cannot compare BIGINT with TEXT
--!   1 | SELECT 1 IN ('a', 'b')
--!     |              ^^^ help: write numbers without quotes, or add a CAST

SELECT 1 BETWEEN 'a' AND 'b';
--! error[Q0301]: BETWEEN cannot compare BIGINT with TEXT
--!   1 | SELECT 1 BETWEEN 'a' AND 'b'
--!     |                  ^^^ help: write numbers without quotes, or add a CAST

SELECT 1 LIKE '1';
--! error[Q0301]: the operand of LIKE must be TEXT, not BIGINT
--!   1 | SELECT 1 LIKE '1'
--!     |        ^ help: add a CAST, as in CAST(x AS TEXT)

SELECT length(5);
--! error[Q0301]: length takes a TEXT or an array, not BIGINT
--!   1 | SELECT length(5)
--!     |               ^

SELECT substr('a');
--! error[Q0302]: `substr` takes 2 to 3 arguments, not 1
--!   1 | SELECT substr('a')
--!     |        ^^^^^^^^^^^

SELECT count(*);
--> 1

SELECT *;
--! error[Q0207]: `*` needs a FROM to take columns from
--!   1 | SELECT *
--!     |        ^ help: add FROM table
