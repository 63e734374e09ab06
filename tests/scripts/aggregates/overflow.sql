-- A sum of integers that leaves BIGINT is an error, not a wrong number.

SELECT sum(column1) FROM VALUES (9223372036854775807), (1);

SELECT sum(column1) FROM VALUES (9223372036854775807), (-1);

SELECT sum(column1::DOUBLE) FROM VALUES (9223372036854775807), (1);
