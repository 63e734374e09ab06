-- Arithmetic: precedence, types of results, integer division, modulo, unary minus.

SELECT 1 + 2 * 3, (1 + 2) * 3, 7 - 10, -(-3);

-- Integers stay integers, and division between them cuts towards zero, as in PostgreSQL.
SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3;

SELECT 7.0 / 2, 7 / 2.0, 1e3, 0.5 + 1;

SELECT 9223372036854775807, -9223372036854775808;

SELECT 9223372036854775807 + 1;

SELECT 1 / 0;

SELECT 1 % 0;

SELECT 1.0 / 0;
