-- LIMIT and OFFSET outside their range.

SELECT 1 LIMIT -1;
--! error[Q0312]: LIMIT -1 is not a whole number from 0 to 9223372036854775807
--!   1 | SELECT 1 LIMIT -1
--!     |                ^^

SELECT 1 OFFSET -1;
--! error[Q0312]: OFFSET -1 is not a whole number from 0 to 9223372036854775807
--!   1 | SELECT 1 OFFSET -1
--!     |                 ^^

SELECT 1 LIMIT 18446744073709551616;
--! error[Q0312]: LIMIT 1.8446744073709552e19 is not a whole number from 0 to 9223372036854775807
--!   1 | SELECT 1 LIMIT 18446744073709551616
--!     |                ^^^^^^^^^^^^^^^^^^^^

SELECT 1 LIMIT 1.5;
--! error[Q0312]: LIMIT 1.5 is not a whole number from 0 to 9223372036854775807
--!   1 | SELECT 1 LIMIT 1.5
--!     |                ^^^

SELECT 1 LIMIT 'a';
--! error[Q0312]: LIMIT 'a' is not a whole number from 0 to 9223372036854775807
--!   1 | SELECT 1 LIMIT 'a'
--!     |                ^^^

SELECT 1 LIMIT column1;
--! error[Q0207]: unknown column `column1`
--!   1 | SELECT 1 LIMIT column1
--!     |                ^^^^^^^ help: no columns can be named here; a text stands in single quotes

SELECT 1 LIMIT 1 LIMIT 2;
--! error[Q0106]: expected the end of the statement, found `LIMIT`
--!   1 | SELECT 1 LIMIT 1 LIMIT 2
--!     |                  ^^^^^
