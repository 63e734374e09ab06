-- A sum of integers that leaves BIGINT is an error, not a wrong number.

SELECT sum(column1) FROM VALUES (9223372036854775807), (1);
--! error[V0001]: sum of integers is 9223372036854775808, which BIGINT cannot hold
--!   help: sum CAST(... AS DOUBLE)

SELECT sum(column1) FROM VALUES (9223372036854775807), (-1);
--> 9223372036854775806

SELECT sum(column1::DOUBLE) FROM VALUES (9223372036854775807), (1);
--> 9.22337e18
