-- Casts in both spellings, and what has no counterpart in the type.

SELECT CAST('12' AS BIGINT), '12'::INTEGER, 1::DOUBLE, 2.5::BIGINT, 3.5::BIGINT;
--> 12 | 12 | 1.0 | 2 | 4

SELECT 1::TEXT, 1.5::TEXT, TRUE::TEXT, NULL::TEXT;
--> 1 | 1.5 | true | NULL

SELECT 't'::BOOLEAN, 'off'::BOOLEAN, 0::BOOLEAN, TRUE::BIGINT;
--> true | false | false | 1

-- REAL rounds to single precision.
SELECT 0.1::REAL = 0.1::DOUBLE, 16777217::REAL = 16777216;
--> false | true

SELECT '[1, 2.5]'::VECTOR(2), [1, 2, 3]::VECTOR(3);
--> [1.0, 2.5] | [1.0, 2.0, 3.0]

SELECT CAST('twelve' AS BIGINT);
--! error[V0001]: 'twelve' cannot be read as BIGINT: give a whole number from -9223372036854775808 to 9223372036854775807

SELECT 3000000000::INTEGER;
--! error[V0001]: 3000000000 cannot be read as INTEGER: give a whole number from -2147483648 to 2147483647

SELECT 1e400;
--! error[Q0105]: number beyond the range of DOUBLE
--!   1 | SELECT 1e400
--!     |        ^^^^^ help: the largest DOUBLE is about 1.8e308

SELECT 'nan'::DOUBLE;
--! error[V0001]: 'nan' cannot be read as DOUBLE: give a number such as 0.5 or 1e-3 within its range

SELECT [1, 2]::VECTOR(3);
--! error[V0001]: [1, 2] cannot be read as VECTOR(3): it has 2 elements, give 3

SELECT CAST(1 AS NUMBER);
--! error[Q0117]: unknown type `NUMBER`
--!   1 | SELECT CAST(1 AS NUMBER)
--!     |                  ^^^^^^ help: the types are BIGINT, INTEGER, DOUBLE, REAL, BOOLEAN, TEXT, TIMESTAMP, JSON, VECTOR(n)
