-- HAVING filters groups; it may use aggregates that are not selected.

SELECT column1 FROM VALUES ('a', 1), ('b', 2), ('a', 3) GROUP BY column1 HAVING count(*) > 1;
--> a

SELECT column1, sum(column2) AS total FROM VALUES ('a', 1), ('b', 2), ('a', 3)
GROUP BY column1 HAVING sum(column2) >= 2 ORDER BY total DESC;
--> a | 4
--> b | 2

SELECT count(*) FROM VALUES (1) HAVING count(*) > 1;
--= no rows

SELECT column1 FROM VALUES (1) GROUP BY column1 HAVING column1;
--! error[Q0301]: HAVING must be BOOLEAN, not BIGINT
--!   1 | ...FROM VALUES (1) GROUP BY column1 HAVING column1
--!     |                                            ^^^^^^^ help: compare it with something, as in `x = 1` or `x IS NOT NULL`
