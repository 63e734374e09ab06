-- What LATERAL does not do, and what to write instead.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red running shoe'), (2, 'waterproof hiking boot');
--= 2 changed

SELECT * FROM t CROSS JOIN t AS u;
--! error[Q0112]: a join is not part of this version of the language
--!   1 | SELECT * FROM t CROSS JOIN t AS u
--!     |                 ^^^^^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

SELECT * FROM t JOIN LATERAL (SELECT id FROM t SEARCH title LIMIT 1) AS r ON true;
--! error[Q0112]: a join is not part of this version of the language
--!   1 | SELECT * FROM t JOIN LATERAL (SELECT id FROM t SEARCH title LIMIT 1) AS r ON true
--!     |                 ^^^^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

SELECT * FROM t, LATERAL (SELECT id FROM t SEARCH title LIMIT 1) AS r;
--! error[Q0112]: a join is not part of this version of the language
--!   1 | SELECT * FROM t, LATERAL (SELECT id FROM t SEARCH title LIMIT 1) AS r
--!     |                ^ help: filter with IN (SELECT ...), or export with COPY (...) TO and join in an engine that has joins

SELECT * FROM t CROSS JOIN LATERAL (VALUES (1)) AS r;
--! error[Q0106]: expected (SELECT ... FROM table SEARCH ...), found `(`
--!   1 | SELECT * FROM t CROSS JOIN LATERAL (VALUES (1)) AS r
--!     |                                    ^

SELECT * FROM t CROSS JOIN LATERAL (SELECT 1) AS r;
--! error[Q0321]: the query of LATERAL must be one search
--!   1 | SELECT * FROM t CROSS JOIN LATERAL (SELECT 1) AS r
--!     |                                     ^^^^^^^^ help: write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] [LIMIT n]); group its rows outside

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t) AS r;
--! error[Q0321]: the query of LATERAL must be one search
--!   1 | ...ELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t) AS r
--!     |                                            ^^^^^^^^^^^^^^^^ help: write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] [LIMIT n]); group its rows outside

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT count(*) FROM t SEARCH a.title) AS r;
--! error[Q0321]: the query of LATERAL must be one search
--!   1 | ...ELECT * FROM t AS a CROSS JOIN LATERAL (SELECT count(*) FROM t SEARCH a.title) AS r
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] [LIMIT n]); group its rows outside

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT DISTINCT id FROM t SEARCH a.title) AS r;
--! error[Q0321]: the query of LATERAL must be one search
--!   1 | ...ELECT * FROM t AS a CROSS JOIN LATERAL (SELECT DISTINCT id FROM t SEARCH a.title) AS r
--!     |                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: write (SELECT ... FROM table SEARCH ... [VIA ...] [WHERE ...] [QUALIFY ...] [ORDER BY ...] [LIMIT n]); group its rows outside

SELECT * FROM t SEARCH 'shoe' CROSS JOIN LATERAL (SELECT id FROM t SEARCH title) AS r;
--! error[Q0321]: LATERAL behind a SEARCH
--!   1 | SELECT * FROM t SEARCH 'shoe' CROSS JOIN LATERAL (SELECT id FROM t SEARCH title) AS r
--!     |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ help: put the search into a subquery with its LIMIT: FROM (SELECT ... LIMIT n) AS a

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS r
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS s;
--! error[Q0112]: a second LATERAL is not part of this version of the language
--!   2 |   CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS s
--!     |   ^^^^^ help: put the first one into a subquery: FROM (SELECT ...) AS a CROSS JOIN LATERAL (...)

SELECT * FROM t CROSS JOIN LATERAL (SELECT id FROM t SEARCH title) AS t;
--! error[Q0115]: both sides of LATERAL are named `t`
--!   1 | ...ERAL (SELECT id FROM t SEARCH title) AS t
--!     |                                            ^ help: give one of them another name with AS

-- Only SEARCH may name columns of the left side.
SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title WHERE id <> a.id LIMIT 1) AS r;
--! error[Q0207]: unknown column `a.id`
--!   1 | ...CT id FROM t SEARCH a.title WHERE id <> a.id LIMIT 1) AS r
--!     |                                            ^^^^ help: in LATERAL only SEARCH may name the columns before it; select and filter by them outside

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT a.id FROM t SEARCH a.title LIMIT 1) AS r;
--! error[Q0207]: unknown column `a.id`
--!   1 | ... FROM t AS a CROSS JOIN LATERAL (SELECT a.id FROM t SEARCH a.title LIMIT 1) AS r
--!     |                                            ^^^^ help: in LATERAL only SEARCH may name the columns before it; select and filter by them outside

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.titel LIMIT 1) AS r;
--! error[Q0207]: unknown column `a.titel`
--!   1 | ...S JOIN LATERAL (SELECT id FROM t SEARCH a.titel LIMIT 1) AS r
--!     |                                            ^^^^^^^ help: did you mean `a.title`?

SELECT * FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.id LIMIT 1) AS r;
--! error[Q0301]: SEARCH takes a TEXT or a VECTOR, not BIGINT
--!   1 | ...S JOIN LATERAL (SELECT id FROM t SEARCH a.id LIMIT 1) AS r
--!     |                                            ^^^^ help: write SEARCH 'text', SEARCH [0.1, ...] or SEARCH (VECTOR => $1)

SELECT id FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS r;
--! error[Q0208]: column `id` is ambiguous
--!   1 | SELECT id FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS r
--!     |        ^^ help: give the columns of the subquery different names with AS

SELECT a.id FROM t AS a CROSS JOIN LATERAL (SELECT id FROM t SEARCH a.title LIMIT 1) AS r QUALIFY score > 0;
--! error[Q0321]: QUALIFY filters the ranking of a SEARCH, and there is none here
--!   1 | ... t SEARCH a.title LIMIT 1) AS r QUALIFY score > 0
--!     |                                            ^^^^^^^^^ help: use WHERE for rows, HAVING for groups

-- A row without a text has no answer.
SELECT * FROM (VALUES (1, 'a boot'), (2, NULL)) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r;
--! error[V0001]: row 2: the query's text is NULL
--!   help: give SEARCH a text, or (VECTOR => a list of numbers)

SELECT n, id FROM (VALUES (1, 'a boot'), (2, NULL)) AS q (n, text)
  CROSS JOIN LATERAL (SELECT id FROM t SEARCH q.text LIMIT 1) AS r WHERE text IS NOT NULL;
--> 1 | 2
