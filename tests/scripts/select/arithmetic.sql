-- Arithmetic: precedence, types of results, integer division, modulo, unary minus.

SELECT 1 + 2 * 3, (1 + 2) * 3, 7 - 10, -(-3);
--> 7 | 9 | -3 | 3

-- Integers stay integers, and division between them cuts towards zero, as in PostgreSQL.
SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3;
--> 3 | -3 | 1 | -1

SELECT 7.0 / 2, 7 / 2.0, 1e3, 0.5 + 1;
--> 3.5 | 3.5 | 1000.0 | 1.5

SELECT 9223372036854775807, -9223372036854775808;
--> 9223372036854775807 | -9223372036854775808

SELECT 9223372036854775807 + 1;
--! error[V0001]: the result of 9223372036854775807 + 1 is out of range: cast an operand to DOUBLE, or use smaller numbers

SELECT 1 / 0;
--! error[V0001]: division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)

SELECT 1 % 0;
--! error[V0001]: division by zero in 1 % 0: guard the divisor with nullif(divisor, 0)

SELECT 1.0 / 0;
--! error[V0001]: division by zero in 1.0 / 0.0: guard the divisor with nullif(divisor, 0)
