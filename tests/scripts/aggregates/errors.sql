-- Aggregates where they cannot stand, and columns that are neither grouped nor aggregated.

SELECT column1, count(*) FROM VALUES (1);

SELECT column2 FROM VALUES (1, 2) GROUP BY column1;

SELECT count(*) FROM VALUES (1) WHERE count(*) > 1;

SELECT sum(count(*)) FROM VALUES (1);

SELECT column1 FROM VALUES (1) GROUP BY count(*);

SELECT sum('a');

SELECT count(1, 2);

SELECT median(column1) FROM VALUES (1);

SELECT sum(column1) OVER () FROM VALUES (1);
