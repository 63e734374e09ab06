-- SQL that is not part of the language: what to do instead.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

SELECT * FROM t JOIN t AS u ON t.id = u.id;
--! error[Q0112]: a join is not part of this version of the language
--!   1 | SELECT * FROM t JOIN t AS u ON t.id = u.id
--!     |                 ^^^^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

SELECT * FROM t, t AS u;
--! error[Q0112]: a join is not part of this version of the language
--!   1 | SELECT * FROM t, t AS u
--!     |                ^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

SELECT * FROM t CROSS JOIN LATERAL (SELECT 1) AS s;
--! error[Q0321]: the query of LATERAL must be one search
--!   1 | SELECT * FROM t CROSS JOIN LATERAL (SELECT 1) AS s
--!     |                                     ^^^^^^^^ help: write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] [LIMIT n]); group its rows outside

WITH x AS (SELECT 1) SELECT * FROM x;
--! error[Q0112]: a common table expression is not part of this version of the language
--!   1 | WITH x AS (SELECT 1) SELECT * FROM x
--!     | ^^^^ help: write the query as (SELECT ...) AS name in FROM

SELECT 1 UNION SELECT 2;
--! error[Q0112]: UNION, INTERSECT or EXCEPT is not part of this version of the language
--!   1 | SELECT 1 UNION SELECT 2
--!     |          ^^^^^ help: run the queries one by one, or export them with COPY (...) TO

SELECT (SELECT 1);
--! error[Q0112]: a subquery as a value is not part of this version of the language
--!   1 | SELECT (SELECT 1)
--!     |        ^ help: use IN (SELECT ...), or run the subquery first and pass its result as a parameter

SELECT 1 WHERE EXISTS (SELECT 1);
--! error[Q0112]: EXISTS is not part of this version of the language
--!   1 | SELECT 1 WHERE EXISTS (SELECT 1)
--!     |                ^^^^^^ help: use IN (SELECT ...)

SELECT rank() OVER (ORDER BY id) FROM t;
--! error[Q0112]: a window function is not part of this version of the language
--!   1 | SELECT rank() OVER (ORDER BY id) FROM t
--!     |               ^^^^ help: SEARCH gives `rank`; for others export with COPY (...) TO to an engine that has them

CREATE VIEW v AS SELECT 1;
--! error[Q0112]: a view is not part of this version of the language
--!   1 | CREATE VIEW v AS SELECT 1
--!     |        ^^^^ help: repeat the query, or store a chain of stages as a PIPELINE

BEGIN;
--! error[Q0112]: a transaction of several statements is not part of this version of the language
--!   1 | BEGIN
--!     | ^^^^^ help: every statement is atomic and synced by itself

COMMIT;
--! error[Q0112]: a transaction of several statements is not part of this version of the language
--!   1 | COMMIT
--!     | ^^^^^^ help: every statement is atomic and synced by itself

BACKUP TO 'x';
--! error[Q0112]: BACKUP is not part of this version of the language
--!   1 | BACKUP TO 'x'
--!     | ^^^^^^ help: close the database and copy its folder

VACUUM;
--! error[Q0112]: VACUUM or ANALYZE is not part of this version of the language
--!   1 | VACUUM
--!     | ^^^^^^ help: use REINDEX name to rebuild an index over all live labels

TRUNCATE t;
--! error[Q0112]: TRUNCATE is not part of this version of the language
--!   1 | TRUNCATE t
--!     | ^^^^^^^^ help: use DELETE FROM table

CREATE INDEX CONCURRENTLY i ON t USING flat (z);
--! error[Q0112]: CONCURRENTLY is not part of this version of the language
--!   1 | CREATE INDEX CONCURRENTLY i ON t USING flat (z)
--!     |              ^^^^^^^^^^^^ help: leave the word out: the statement waits

ALTER TABLE t ADD COLUMN a TEXT;
--! error[Q0112]: a change of columns is not part of this version of the language
--!   1 | ALTER TABLE t ADD COLUMN a TEXT
--!     |               ^^^ help: create a new table, and fill it with INSERT INTO new SELECT ... FROM old

SELECT id FROM t FOR SNAPSHOT 'a';
--! error[Q0112]: FOR SNAPSHOT or FOR UPDATE is not part of this version of the language
--!   1 | SELECT id FROM t FOR SNAPSHOT 'a'
--!     |                  ^^^ help: every statement sees one moment anyway

GRANT ALL ON t TO public;
--! error[Q0112]: a user account is not part of this version of the language
--!   1 | GRANT ALL ON t TO public
--!     | ^^^^^ help: the rights of the database's files decide

SELECT DISTINCT ON (id) id FROM t;
--! error[Q0112]: DISTINCT ON is not part of this version of the language
--!   1 | SELECT DISTINCT ON (id) id FROM t
--!     |                 ^^ help: use GROUP BY with min or max
