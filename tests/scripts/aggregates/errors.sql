-- Aggregates where they cannot stand, and columns that are neither grouped nor aggregated.

SELECT column1, count(*) FROM VALUES (1);
--! error[Q0306]: column `column1` is neither in GROUP BY nor inside an aggregate
--!   1 | SELECT column1, count(*) FROM VALUES (1)
--!     |        ^^^^^^^ help: add `column1` to GROUP BY, or write min(column1) or max(column1)

SELECT column2 FROM VALUES (1, 2) GROUP BY column1;
--! error[Q0306]: column `column2` is neither in GROUP BY nor inside an aggregate
--!   1 | SELECT column2 FROM VALUES (1, 2) GROUP BY column1
--!     |        ^^^^^^^ help: add `column2` to GROUP BY, or write min(column2) or max(column2)

SELECT count(*) FROM VALUES (1) WHERE count(*) > 1;
--! error[Q0305]: the aggregate `count` cannot stand in WHERE
--!   1 | SELECT count(*) FROM VALUES (1) WHERE count(*) > 1
--!     |                                       ^^^^^^^^ help: use HAVING for conditions on groups

SELECT sum(count(*)) FROM VALUES (1);
--! error[Q0305]: `count` cannot stand inside another aggregate
--!   1 | SELECT sum(count(*)) FROM VALUES (1)
--!     |            ^^^^^^^^ help: aggregate in a subquery first

SELECT column1 FROM VALUES (1) GROUP BY count(*);
--! error[Q0305]: the aggregate `count` cannot stand in GROUP BY
--!   1 | SELECT column1 FROM VALUES (1) GROUP BY count(*)
--!     |                                         ^^^^^^^^ help: aggregate in a subquery first

SELECT sum('a');
--! error[Q0301]: `sum` does not take TEXT
--!   1 | SELECT sum('a')
--!     |            ^^^

SELECT count(1, 2);
--! error[Q0302]: `count` takes one argument
--!   1 | SELECT count(1, 2)
--!     |        ^^^^^^^^^^^ help: count(*) counts rows

SELECT median(column1) FROM VALUES (1);
--! error[Q0209]: unknown function `median`
--!   1 | SELECT median(column1) FROM VALUES (1)
--!     |        ^^^^^^

SELECT sum(column1) OVER () FROM VALUES (1);
--! error[Q0112]: a window function is not part of this version of the language
--!   1 | SELECT sum(column1) OVER () FROM VALUES (1)
--!     |                     ^^^^ help: SEARCH gives `rank`; for others export with COPY (...) TO to an engine that has them
